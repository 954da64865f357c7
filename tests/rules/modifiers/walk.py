"""What the tests of all modifiers share: an optimizer's walk, and other libraries' walks."""

import json
from pathlib import Path

import numpy as np
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, walk, weights

GOLDEN = Path(__file__).parents[2] / "golden"
PROBLEM = json.loads((GOLDEN / "problem.json").read_text(encoding="utf-8"))


def walked(rule, steps, *, engine="auto", **settings):
    """The weights after these many steps in float64."""
    params = weights()
    return walk(thalweg.optimizer(rule)(params, engine=engine, **settings), params, steps)


def slopes(steps):
    """The gradients of that walk, as NumPy arrays."""
    return [[g.numpy() for g in grads] for grads in gradients(steps)]


def starts():
    """The weights before that walk, as NumPy arrays."""
    return [p.detach().numpy().copy() for p in weights()]


def assert_same(found, expected, rtol=1e-9):
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, torch.as_tensor(other), rtol=rtol, atol=1e-12)


def peer(library, rule):
    """What a library's optimizer was given, and where it went; see scripts/golden.py."""
    text = (GOLDEN / f"{library}.json").read_text(encoding="utf-8")
    (found,) = [w for w in json.loads(text)["walks"] if w["rule"] == rule]
    return found["ours"], np.array(found["weights"])


def along_the_problem(rule, engine, **settings):
    """Our weights after each gradient of that problem, in a row."""
    params = [
        Parameter(torch.tensor(row, dtype=torch.float64).reshape(shape))
        for row, shape in zip(PROBLEM["start"], PROBLEM["shapes"], strict=True)
    ]
    opt = thalweg.optimizer(rule)(params, engine=engine, **settings)
    rows = []
    for grads in PROBLEM["gradients"]:
        for param, row in zip(params, grads, strict=True):
            param.grad = torch.tensor(row, dtype=torch.float64).reshape(param.shape)
        opt.step()
        rows.append(np.concatenate([p.detach().numpy().ravel() for p in params]))
    return np.array(rows)
