"""A diagnosis says the sentence first, survives JSON, and claims no more than was measured."""

import json
import math

import pytest

from tests.doctor.made import healthy, judged, near
from thalweg.doctor.evidence import Evaluation, Evidence, Point
from thalweg.doctor.verdict.diagnosis import Diagnosis, forked, judge

CRAWLING = healthy(critical_probe=near(31.0))


def test_the_sentence_has_step_factor_interval_and_prescription():
    said = judge(CRAWLING).sentence
    assert said.startswith("At step 400: Your own step could be 31× longer")
    assert "95 % of 12 probes: 25× to 37×" in said
    assert "Raise the learning rate 10×, to 0.01." in said


def test_healthy_and_not_enough_data_are_verdicts():
    assert judge(healthy()).verdict == "healthy"
    assert judge(healthy()).sentence.startswith("Healthy: the loss falls")
    few = judge(Evidence(step=20))
    assert few.verdict == "not enough data"
    assert "20 steps and 0 probes" in few.sentence


def test_nothing_measured_is_never_called_healthy():
    assert judge(Evidence(step=5000)).verdict == "not enough data"


def test_the_code_is_what_the_prescription_says():
    assert 'group["lr"] = 0.01' in judge(CRAWLING).code
    assert judge(healthy()).code == ""


def test_a_fork_that_did_not_help_withdraws_the_prescription():
    gone = forked(judge(CRAWLING), "Withdrawn after 100 steps.", "withdrawn")
    assert gone.code == ""
    assert "is withdrawn" in gone.sentence
    assert "Raise the learning rate" not in gone.sentence
    kept = forked(judge(CRAWLING), "Confirmed by 100 steps.", "confirmed")
    assert kept.sentence.endswith(
        "Raise the learning rate 10×, to 0.01. Then look again. Confirmed by 100 steps."
    )


@pytest.mark.parametrize(
    "evidence",
    [
        CRAWLING,
        healthy(),
        Evidence(step=20),
        healthy(losses=[Point(0, math.inf), Point(1, 2.0)], non_finite="loss"),
        healthy(evaluations=[Evaluation(10, 1.0, math.inf, 0.5, 0.4)], observed=["warmup"]),
    ],
)
def test_json_brings_all_of_it_back(evidence):
    found = judge(evidence)
    text = found.to_json(indent=1)
    json.loads(text, parse_constant=pytest.fail)
    assert Diagnosis.from_json(text) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "damaged"),
        ("[]", "is not a diagnosis"),
        ('{"format": 99}', "upgrade"),
        ('{"format": 1, "verdict": "healthy", "sentence": "", "nonsense": 1}', "damaged"),
        ('{"format": 1, "verdict": "healthy", "sentence": "", "evidence": {"layers": [3]}}', "dam"),
    ],
)
def test_what_is_no_diagnosis_is_said_in_one_line(text, words):
    with pytest.raises(ValueError, match=words):
        Diagnosis.from_json(text, source="that.json")


def test_the_text_begins_with_the_sentence_and_ends_with_what_is_not_known():
    evidence = healthy(critical_probe=near(31.0), stale=None)
    evidence.notes = ["curvature could not be measured: no double backward"]
    text = str(judge(evidence))
    assert text.startswith("At step 400: Your own step")
    assert "Ruled out" in text
    assert "Could not be asked: stale-gradients, overfitting, underfitting." in text
    assert "no double backward" in text


def test_a_written_diagnosis_is_read_back(tmp_path):
    path = judge(CRAWLING).write(tmp_path)
    assert Diagnosis.from_json(path.read_bytes()) == judge(CRAWLING)


def test_the_verdict_is_the_findings():
    found = judge(CRAWLING).finding
    assert found == judged("crawling", critical_probe=near(31.0))


def test_silence_means_nothing_where_no_trial_step_was_measured():
    blind = healthy()
    blind.level, blind.ratio, blind.critical, blind.uphill = "checkup", None, None, None
    blind.notes.append("the model can't be copied")
    made = judge(blind)
    assert made.verdict == "not enough data"
    assert "no trial step could be measured; the model can't be copied" in made.sentence


def test_a_post_mortem_of_few_losses_says_that_they_are_few():
    few = healthy()
    few.level, few.losses, few.evaluations = "post-mortem", few.losses[:3], []
    made = judge(few)
    assert made.verdict == "not enough data"
    assert "3 figures of the loss are too few" in made.sentence
