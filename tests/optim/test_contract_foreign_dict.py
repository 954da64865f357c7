"""A state dict that belongs to something else is refused, never half loaded."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.optim.problem import kind, walk, weights

FOREIGN = [
    ("adam", {}, "sgd", {"momentum": 0.9}),
    ("sgd", {"momentum": 0.9}, "adam", {}),
    ("adagrad", {}, "adam", {}),
    ("adam", {}, "nadam", {}),
    ("rmsprop", {}, "adadelta", {}),
    ("sgd", {"momentum": 0.9}, "rmsprop", {"momentum": 0.9}),
    ("adamax", {}, "adam", {}),
    ("lion", {}, "adam", {}),
]


@pytest.mark.parametrize(("saved", "with_", "loaded", "flags"), FOREIGN, ids=str)
def test_a_dict_of_another_rule_is_refused_in_one_line(saved, with_, loaded, flags):
    params = weights()
    other = kind(saved)(params, **with_)
    walk(other, params, 2)
    opt = kind(loaded)(params, **flags)
    with pytest.raises(ValueError, match=f"^{loaded}: ") as error:
        opt.load_state_dict(other.state_dict())
    assert "\n" not in str(error.value)
    assert not opt.state


def test_a_buffer_of_the_sum_is_not_taken_for_a_velocity():
    # Each is the other times -lr: loaded as it is, the first step would go uphill.
    params = weights()
    theirs = torch.optim.SGD(params, lr=0.1, momentum=0.9)
    walk(theirs, params, 2)
    opt = thalweg.SGD(params, lr=0.1, momentum=0.9, form="velocity")
    with pytest.raises(ValueError, match="velocity"):
        opt.load_state_dict(theirs.state_dict())


def test_another_shape_is_refused_in_one_line():
    p, q = Parameter(torch.ones(3)), Parameter(torch.ones(4))
    one, two = thalweg.Adam([p]), thalweg.Adam([q])
    walk(one, [p], 1)
    with pytest.raises(ValueError, match=r"adam: 'exp_avg' has the shape \(3,\), its parameter"):
        two.load_state_dict(one.state_dict())


@pytest.mark.parametrize("state", [{}, {"model": 1}, {"state": {}}], ids=str)
def test_what_is_no_state_dict_is_refused(state):
    with pytest.raises(ValueError, match="state and param_groups"):
        thalweg.Adam(weights()).load_state_dict(state)


def test_another_number_of_groups_or_members_is_refused_as_in_torch():
    a, b = weights(shapes=[(2,), (2,)])
    for first, second in (([a, b], [a]), ([{"params": [a]}, {"params": [b]}], [a, b])):
        with pytest.raises(ValueError, match="loaded state dict"):
            thalweg.Adam(second).load_state_dict(thalweg.Adam(first).state_dict())
