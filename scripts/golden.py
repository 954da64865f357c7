"""Walk other libraries' optimizers over one small problem and write down where they went.

The weights of each step are kept in tests/golden, a file for each library, and
tests/golden/test_trajectories.py holds our rules to them. So the tests need none of these
libraries. To write the files again, in an environment of its own:

    python -m venv peers
    peers/bin/pip install -r scripts/golden-requirements.txt
    peers/bin/python scripts/golden.py            # or some of them: scripts/golden.py optax keras

Where only our side has changed, such as the name of a number, the walks need not be walked again:

    python scripts/golden.py --keep               # in our own environment

The problem is two tensors and gradients that do not look at the weights, so every library is given
the same numbers to the last bit, and nothing is chaotic. All walks are in float64. Which libraries
walk, and which of our rules should follow them, stands in scripts/golden_walks.py.
"""

import importlib
import importlib.metadata
import importlib.util
import json
import os
import sys
import types
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from golden_walks import WALKS, Walk

TARGET = Path(__file__).parents[1] / "tests" / "golden"
STEPS = 12
SHAPES = ((5,), (3, 2))
DROP = 6
"""After so many steps lr falls to 0.3 of itself, in the walks that say so."""

Rows = list[list[float]]


def start() -> Rows:
    """The first weights of each tensor, in the order of memory."""
    return [
        [(-1) ** i * (1 + (5 * i + 3 * k) % 7) / 8 for i in range(_count(k))]
        for k in range(len(SHAPES))
    ]


def gradient(step: int) -> Rows:
    """The gradients of step 1, 2, ...: never zero, binary fractions, the same everywhere.

    Later elements are smaller, down to 2⁻¹⁵, where it matters where a library adds its eps.
    """
    rows = []
    for k in range(len(SHAPES)):
        drawn = [(31 * step * step + 17 * step * i + 53 * i * i + 29 * k) % 97 for i in range(9)]
        rows.append([(drawn[i] - 47.5) / 32 * 8.0 ** -(i % 5) for i in range(_count(k))])
    return rows


def _count(k: int) -> int:
    count = 1
    for side in SHAPES[k]:
        count *= side
    return count


def torch_walk(walk: Walk) -> dict[str, Any]:
    """A `torch.optim.Optimizer`, of whatever library."""
    import torch

    torch.set_default_dtype(torch.float64)
    params = [
        torch.nn.Parameter(torch.tensor(row).reshape(shape))
        for row, shape in zip(start(), SHAPES, strict=True)
    ]
    opt = torch_optimizer(walk, params)
    getattr(opt, "train", lambda: None)()
    rates = [group.get("lr") for group in opt.param_groups]
    rows = []
    for step in range(1, STEPS + 1):
        if walk.drop and step == DROP + 1:
            for group, rate in zip(opt.param_groups, rates, strict=True):
                group["lr"] = 0.3 * rate
        for param, row in zip(params, gradient(step), strict=True):
            param.grad = torch.tensor(row).reshape(param.shape)
        opt.step()
        rows.append([x for param in params for x in param.detach().flatten().tolist()])
    found = {"weights": rows}
    if hasattr(opt, "eval"):
        opt.eval()
        found["averaged"] = [x for param in params for x in param.detach().flatten().tolist()]
    return found


def torch_optimizer(walk: Walk, params: list[Any]) -> Any:
    args = dict(walk.args)
    kind = locate(walk.call)
    if base := args.pop("base", None):
        inner = locate(base)(params, **args.pop("base_args"))
        return kind(inner, **args)
    if walk.peer == "adam_mini":
        # It looks at names and tells everybody; a name that says nothing is a tensor of its own.
        return kind([(f"t{i}", p) for i, p in enumerate(params)], verbose=False, **args)
    return kind(params, **args)


def optax_walk(walk: Walk) -> dict[str, Any]:
    """An optax transformation."""
    import jax.numpy as jnp
    import optax
    import optax.contrib

    params = tuple(
        jnp.array(row).reshape(shape) for row, shape in zip(start(), SHAPES, strict=True)
    )
    args = dict(walk.args)
    if walk.drop:
        rate = args["learning_rate"]
        args["learning_rate"] = lambda count: jnp.where(count < DROP, rate, 0.3 * rate)
    opt = locate(walk.call)(**args)
    state = opt.init(params)
    rows = []
    for step in range(1, STEPS + 1):
        grads = tuple(
            jnp.array(row).reshape(shape) for row, shape in zip(gradient(step), SHAPES, strict=True)
        )
        updates, state = opt.update(grads, state, params)
        params = optax.apply_updates(params, updates)
        assert all(param.dtype == "float64" for param in params)
        rows.append([x for param in params for x in param.flatten().tolist()])
    found = {"weights": rows}
    if "schedule_free" in walk.call:
        averaged = optax.contrib.schedule_free_eval_params(state, params)
        found["averaged"] = [x for param in averaged for x in param.flatten().tolist()]
    return found


def keras_walk(walk: Walk) -> dict[str, Any]:
    """A Keras optimizer."""
    import keras
    import numpy as np

    keras.config.set_floatx("float64")
    weights = [
        keras.Variable(np.array(row).reshape(shape), dtype="float64")
        for row, shape in zip(start(), SHAPES, strict=True)
    ]
    opt = locate(walk.call)(**walk.args)
    rows = []
    for step in range(1, STEPS + 1):
        if walk.drop and step == DROP + 1:
            opt.learning_rate = 0.3 * float(opt.learning_rate.value)
        grads = [
            keras.ops.array(np.array(row).reshape(shape), "float64")
            for row, shape in zip(gradient(step), SHAPES, strict=True)
        ]
        opt.apply(grads, weights)
        rows.append([x for w in weights for x in np.asarray(w.value).ravel().tolist()])
    return {"weights": rows}


def locate(call: str) -> Any:
    """What stands at this dotted place."""
    module, _, name = call.rpartition(".")
    return getattr(importlib.import_module(module), name)


def lighten(package: str, *inner: str) -> None:
    """Let modules of a package be imported without running what the package itself imports."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    for name in ("", *inner):
        module = types.ModuleType(f"{package}.{name}".rstrip("."))
        module.__path__ = [str(Path(spec.origin).parent / name)]
        sys.modules[module.__name__] = module


def said(walk: Walk) -> dict[str, Any]:
    """What the walk is, as it is written down."""
    names = ("call", "args", "rule", "ours", "drop", "differs", "within", "because")
    found = {name: getattr(walk, name) for name in names}
    return json.loads(
        json.dumps({k: v for k, v in found.items() if v != getattr(Walk, k, ...)})
    )  # with lists for tuples


def went(walk: Walk) -> dict[str, Any]:
    """Where it goes."""
    go: Callable[[Walk], dict[str, Any]] = torch_walk
    go = {"optax": optax_walk, "keras": keras_walk}.get(walk.peer, go)
    with redirect_stdout(StringIO()):  # some announce themselves
        return go(walk)


def remembered(peer: str) -> tuple[dict[str, Any], Callable[[Walk], dict[str, Any]]]:
    """What the peer's file says of it, and of where its walks went."""
    known = json.loads((TARGET / f"{peer}.json").read_text(encoding="utf-8"))
    places = {_asked(walk): walk for walk in known.pop("walks")}

    def recall(walk: Walk) -> dict[str, Any]:
        place = places.get(_asked(said(walk)))
        if place is None:
            raise SystemExit(f"{walk.call} {walk.args}: not walked yet; leave --keep out")
        return {key: place[key] for key in ("weights", "averaged") if key in place}

    return known, recall


def _asked(walk: dict[str, Any]) -> str:
    return json.dumps([walk["call"], walk["args"], walk.get("drop")])


def save(name: str, head: dict[str, Any], walks: list[dict[str, Any]]) -> None:
    """One line for each step, so that a change shows as what it is."""
    entries = []
    for walk in walks:
        rows = ",\n".join(f"  {json.dumps(row)}" for row in walk.pop("weights"))
        entries.append(f'{json.dumps(walk, ensure_ascii=False)[:-1]}, "weights": [\n{rows}]}}')
    text = f'{json.dumps(head)[:-1]}, "walks": [\n' + ",\n".join(entries) + "\n]}\n"
    (TARGET / f"{name}.json").write_text(text, encoding="utf-8")


def versions(peer: str) -> dict[str, str]:
    """Of what does the arithmetic."""
    below = {"optax": "jax", "keras": "jax"}.get(peer, "torch")
    package = importlib.metadata.packages_distributions()[peer][0]
    return {
        name: importlib.metadata.version(name).partition("+")[0]
        for name in dict.fromkeys((package, below))
    }


def main(chosen: list[str], *, keep: bool) -> None:
    os.environ |= {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "JAX_ENABLE_X64": "1"}
    warnings.simplefilter("ignore")
    if not keep:
        lighten("timm", "optim")  # whose front door wants torchvision
        problem: dict[str, Any] = {"shapes": SHAPES, "drop": {"after": DROP, "to": 0.3}}
        problem |= {"start": start(), "gradients": [gradient(t + 1) for t in range(STEPS)]}
        (TARGET / "problem.json").write_text(json.dumps(problem) + "\n", encoding="utf-8")
    for peer in sorted({walk.peer for walk in WALKS} & set(chosen or [w.peer for w in WALKS])):
        head, go = remembered(peer) if keep else ({"versions": versions(peer)}, went)
        walks = [{**said(walk), **go(walk)} for walk in WALKS if walk.peer == peer]
        save(peer, head, walks)
        print(f"{peer}: {len(walks)} walks")


if __name__ == "__main__":
    main([name for name in sys.argv[1:] if name != "--keep"], keep="--keep" in sys.argv)
