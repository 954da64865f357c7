"""Our rules go where other libraries' optimizers went; scripts/golden.py has written down where."""

import json
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from scripts.golden_walks import WALKS as SAID
from thalweg import rules

FOLDER = Path(__file__).parent
PROBLEM = json.loads((FOLDER / "problem.json").read_text(encoding="utf-8"))
START = np.array([*chain(*PROBLEM["start"])])
FILES = [file for file in sorted(FOLDER.glob("*.json")) if file.stem != "problem"]
WALKS = [walk for f in FILES for walk in json.loads(f.read_text(encoding="utf-8"))["walks"]]
# A rule that is yet to be written is held to its walks from the day that it is there.
HERE = [walk for walk in WALKS if walk["rule"] in rules.names()]
LIBRARIES = ("torch", "keras", "optax")


def walks(*, choose):
    return [
        pytest.param(walk, id=f"{walk['call']}-{walk['args']}") for walk in HERE if choose(walk)
    ]


def settings(walk):
    return {k: tuple(v) if isinstance(v, list) else v for k, v in walk["ours"].items()}


def ours(walk, engine):
    """Our optimizer after the same gradients, and its weights after each of them."""
    params = [
        Parameter(torch.tensor(row, dtype=torch.float64).reshape(shape))
        for row, shape in zip(PROBLEM["start"], PROBLEM["shapes"], strict=True)
    ]
    opt = thalweg.build(walk["rule"], params, engine=engine, **settings(walk))
    rows = []
    for step, grads in enumerate(PROBLEM["gradients"]):
        if walk.get("drop") and step == PROBLEM["drop"]["after"]:
            opt.param_groups[0]["lr"] *= PROBLEM["drop"]["to"]
        for param, row in zip(params, grads, strict=True):
            param.grad = torch.tensor(row, dtype=torch.float64).reshape(param.shape)
        opt.step()
        rows.append(np.concatenate([p.detach().numpy().ravel() for p in params]))
    return opt, np.array(rows)


def distance(found, walk, key="weights"):
    """The largest distance, relative to the way that a weight has gone; rounding is forgiven."""
    theirs = np.array(walk[key])
    rounding = 1e-15 * np.maximum(abs(theirs), abs(START))
    apart = np.maximum(abs(found - theirs) - rounding, 0)
    return np.max(apart / np.maximum(abs(theirs - START), 1e-30))


@pytest.mark.parametrize("walk", walks(choose=lambda walk: "differs" not in walk))
def test_a_rule_goes_the_same_way(walk):
    _, weights = ours(walk, "oracle")
    assert distance(weights, walk) <= walk.get("within", 1e-10)


@pytest.mark.parametrize("engine", ["eager", "cpu"])
@pytest.mark.parametrize("walk", walks(choose=lambda walk: "dialect" in walk["ours"]))
def test_a_dialect_goes_the_same_way_on_the_other_engines(walk, engine):
    _, weights = ours(walk, engine)
    assert (distance(weights, walk) <= 1e-10) == ("differs" not in walk)


@pytest.mark.parametrize("walk", walks(choose=lambda walk: "differs" in walk))
def test_what_differs_on_purpose_does_differ(walk):
    # If this fails, the library has changed, or the reason is not the reason.
    _, weights = ours(walk, "oracle")
    assert distance(weights, walk) > 1e-6, walk["differs"]


@pytest.mark.parametrize("walk", walks(choose=lambda walk: "averaged" in walk))
def test_the_weights_to_evaluate_are_the_same_too(walk):
    opt, _ = ours(walk, "oracle")
    group, rule = opt.param_groups[0], rules.find(walk["rule"])
    hypers = {
        name: group[key] if place is None else group[key][place]
        for name, (key, place) in rule.places.items()
    }
    averaged = [
        rule.averaged(p.detach(), *(opt.state[p].get(slot.name) for slot in rule.slots), **hypers)
        for p in group["params"]
    ]
    found = np.concatenate([x.numpy().ravel() for x in averaged])
    assert distance(found, walk, "averaged") <= walk.get("within", 1e-10)


@pytest.mark.parametrize("name", rules.names())
def test_the_defaults_of_every_library_dialect_have_been_walked(name):
    walked = {
        walk["ours"]["dialect"]
        for walk in HERE
        if walk["rule"] == name and walk["ours"].keys() - {"lr"} == {"dialect"}
    }
    assert walked >= set(LIBRARIES) & rules.find(name).dialects.keys()


def test_every_walk_that_may_be_further_off_says_why():
    assert [walk["call"] for walk in WALKS if ("within" in walk) != ("because" in walk)] == []


def test_the_files_say_what_the_script_says():
    # If not: python scripts/golden.py --keep
    names = ("call", "args", "rule", "ours", "differs")
    here = [[getattr(walk, name) for name in names] for walk in SAID]
    there = [[walk.get(name, "") for name in names] for walk in WALKS]
    assert sorted(map(json.dumps, here)) == sorted(map(json.dumps, there))
