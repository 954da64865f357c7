"""One run of the benchmark: trained under a watch, examined, and kept as JSON.

Judging takes milliseconds and training seconds, so the evidence of every run is kept: a changed
threshold judges all of them anew without training any.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.doctor_cases import Spec
from thalweg import doctor
from thalweg.doctor import faults
from thalweg.doctor.fault.training import Training
from thalweg.doctor.verdict.plain import to_plain
from thalweg.train.atomic import replace
from thalweg.train.evaluate import eval_mode

FOLDER = Path(__file__).parents[1] / "runs" / "doctor-bench"
SOURCE = Path(doctor.__file__).parent
SHARE = 0.2
"""Of the time, for the watch: these runs have 300 steps where others have 30,000."""
LAST = 20


def measure(spec: Spec, folder: Path = FOLDER) -> dict[str, Any]:
    """Train, watch and examine one run, and keep what is known of it.

    Args:
        spec: which.
        folder: where `<key>.json` is written.

    Returns:
        The content of the file: "spec", "evidence" (None where the check-up failed), "error",
        "final" and "validation" (losses in eval mode, on the healthy data), "course"
        (validation losses by the loop), "seconds" of the processor in training and in the check-up,
        "code".
    """
    torch.set_num_threads(1)
    case = spec.case()
    begin = time.process_time()
    training, evidence = watched(case)
    trained = time.process_time()
    kept: dict[str, Any] = {"spec": vars(spec), "evidence": None, "error": ""}
    try:
        held = case.data.validation
        found = doctor.examine(
            training.model,
            training.optimizer,
            training.criterion,
            training.loader,
            validation=(held.inputs, held.targets),
            history=evidence,
            scheduler=training.scheduler,
            clip_norm=case.clip,
            samples=256,
            hessian=False,
        )
        kept["evidence"] = to_plain(dataclasses.asdict(found))
    except ValueError as error:  # the doctor's own refusal, a line; anything else is a bug
        kept["error"] = str(error)
    seconds = (trained - begin, time.process_time() - trained)
    kept |= {
        "final": _finite(training.losses[-LAST:]),
        "validation": to_plain(validation(training)),
        "course": to_plain([one.validation for one in training.evaluations]),
        "seconds": seconds,
        "code": CODE,
    }
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(kept, allow_nan=False).encode()
    replace(folder / f"{spec.key}.json", lambda file: file.write(text))
    return kept


def watched(case: faults.Case) -> tuple[Training, doctor.Evidence]:
    """Train a case with a watch, told of evaluations as a user would."""
    steps = faults.run(case)
    training = next(steps)
    data = (case.data.train.inputs, case.data.train.targets)
    watch = doctor.watch(
        training.model,
        training.optimizer,
        loss=training.criterion,
        data=data,
        scheduler=training.scheduler,
        planned=case.steps,
        share=SHARE,
    )
    told = 0
    for training in steps:
        for one in training.evaluations[told:]:
            watch.evaluated(one.train, one.validation)
        told = len(training.evaluations)
    last = training.evaluations[-1]
    if len(training.evaluations) > told:
        watch.evaluated(last.train, last.validation)
    watch.remove()
    return training, watch.evidence()


def validation(training: Training) -> float:
    """The loss on the validation part, in eval mode whatever the loop does."""
    part = training.case.data.validation
    with eval_mode(training.model), torch.no_grad():
        return float(training.criterion(training.model(part.inputs), part.targets))


def code() -> str:
    """A short sum of the files that measure, to say which evidence is older."""
    rooms = ("", "measure/", "ride/", "past/", "fault/")
    files = sorted(one for room in rooms for one in SOURCE.glob(f"{room}*.py"))
    text = b"".join(one.read_bytes() for one in files if one.name != "fork.py")
    return hashlib.blake2b(text, digest_size=4).hexdigest()


def _finite(losses: list[float]) -> Any:
    mean = sum(losses) / len(losses)
    return mean if math.isfinite(mean) else "nan"


CODE = code()
"""Of the files as they were when this process began."""
