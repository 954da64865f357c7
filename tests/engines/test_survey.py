"""A survey sees every change that a kernel must know of."""

import pytest
import torch

from thalweg.engines import survey


@pytest.fixture(params=["python", "native"])
def surveyor(request):
    if request.param == "native":
        if not survey._native():
            pytest.skip("libtorch does not answer here")
        return survey.NativeSurvey
    return survey.PythonSurvey


@pytest.fixture
def tensors():
    params = [torch.nn.Parameter(torch.randn(3, 4)), torch.nn.Parameter(torch.randn(5))]
    for param in params:
        param.grad = torch.randn_like(param)
    states = [{"step": 1, "buffer": torch.zeros(3, 4)}, {"step": 1, "buffer": torch.zeros(5)}]
    return params, states, ["buffer"]


def test_it_knows_where_everything_lies(surveyor, tensors):
    params, states, _ = tensors
    look = surveyor(*tensors)
    assert look.unchanged()
    pairs = zip(params, states, strict=True)
    expected = [[p.data_ptr(), p.grad.data_ptr(), s["buffer"].data_ptr()] for p, s in pairs]
    assert look.address.tolist() == expected
    look.release(written=False)


def test_new_gradients_of_the_same_form_are_no_change(surveyor, tensors):
    look = surveyor(*tensors)
    kept = tensors[0][0].grad
    tensors[0][0].grad = torch.randn(3, 4)
    assert look.unchanged()
    assert look.address[0, 1] == tensors[0][0].grad.data_ptr() != kept.data_ptr()
    look.release(written=False)


CHANGES = {
    "gradient gone": lambda p, s: setattr(p, "grad", None),
    "gradient transposed": lambda p, s: setattr(p, "grad", torch.randn(4, 3).t()),
    "gradient expanded": lambda p, s: setattr(p, "grad", torch.randn(1, 4).expand(3, 4)),
    "gradient strided": lambda p, s: setattr(p, "grad", torch.randn(3, 8)[:, ::2]),
    "gradient sparse": lambda p, s: setattr(p, "grad", torch.randn(3, 4).to_sparse()),
    "data replaced": lambda p, s: setattr(p, "data", torch.randn(3, 4)),
    "data turned on the spot": lambda p, s: setattr(p, "data", p.data.view(2, 6)),
    "state moved": lambda p, s: setattr(s["buffer"], "data", torch.randn(3, 4)),
    "state shrunk": lambda p, s: s["buffer"].resize_(2, 2),
    "state replaced": lambda p, s: s.update(buffer=torch.zeros(3, 4)),
    "step set back": lambda p, s: s.update(step=0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(surveyor, tensors, change):
    look = surveyor(*tensors)
    assert look.unchanged()
    look.release(written=False)
    keep = tensors[0][0].data, tensors[1][0]["buffer"].data  # so that new data lies elsewhere
    CHANGES[change](tensors[0][0], tensors[1][0])
    assert not look.unchanged()
    look.release(written=False)
    del keep


def test_data_of_another_dtype_is_seen(surveyor, tensors):
    look = surveyor(*tensors)
    param = tensors[0][1]
    param.grad = None
    param.data = param.data.double()
    param.grad = torch.randn(5, dtype=torch.float64)
    assert not look.unchanged()
    look.release(written=False)


def test_swapped_tensors_are_seen(surveyor, tensors):
    look = surveyor(*tensors)
    param, other = tensors[0][0], torch.nn.Parameter(torch.randn(3, 4))
    param.grad = None
    torch.utils.swap_tensors(param, other)
    param.grad = torch.randn(3, 4)
    assert not look.unchanged()
    look.release(written=False)


def test_strides_along_single_elements_mean_nothing(surveyor):
    param = torch.nn.Parameter(torch.randn(1, 4))
    param.grad = torch.randn(1, 4)
    look = surveyor([param], [{"step": 1}], [])
    param.grad = torch.randn(4).as_strided((1, 4), (99, 1))
    assert look.unchanged()
    look.release(written=False)


def test_autograd_is_told_of_a_write(surveyor):
    x = torch.nn.Parameter(torch.ones(3))
    x.grad = torch.ones(3)
    look = surveyor([x], [{"step": 1}], [])
    loss = (x * x).sum()  # keeps x for backward
    assert look.unchanged()
    look.release(written=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_gradient_is_held_until_release():
    if not survey._native():
        pytest.skip("libtorch does not answer here")
    param = torch.nn.Parameter(torch.ones(3))
    param.grad = torch.ones(3)
    look = survey.NativeSurvey([param], [{"step": 1}], [])
    assert look.unchanged()
    param.grad = None
    assert torch.from_numpy(_read(look.address[0, 1], 3)).tolist() == [1, 1, 1]
    look.release(written=False)


def _read(address: int, count: int):
    import ctypes

    import numpy as np

    return np.ctypeslib.as_array((ctypes.c_float * count).from_address(int(address)))


def test_python_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("THALWEG_SURVEY", "python")
    survey._entries.cache_clear()
    survey._native.cache_clear()
    try:
        assert isinstance(survey.survey([], [], []), survey.PythonSurvey)
    finally:
        monkeypatch.undo()
        survey._entries.cache_clear()
        survey._native.cache_clear()
