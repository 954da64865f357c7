"""`with opt.averaged()` puts the weights to evaluate in place, and the others back."""

import copy

import pytest
import torch

import thalweg


def stepped(steps=7, engine="auto", kind=thalweg.AdamW, **settings):
    """A parameter after a few steps, its optimizer, and the places it visited."""
    torch.manual_seed(0)
    x = torch.nn.Parameter(torch.randn(5, 3))
    opt = kind([x], lr=0.1, engine=engine, **settings)
    visited = [x.detach().clone()]
    for _ in range(steps):
        x.grad = torch.randn(5, 3)
        opt.step()
        visited.append(x.detach().clone())
    return x, opt, visited


@pytest.mark.parametrize("engine", ["oracle", "eager", "cpu"])
def test_it_is_the_running_average_that_swa_utils_keeps(engine):
    x, opt, visited = stepped(engine=engine, average=0.9)
    ema = torch.optim.swa_utils.get_ema_multi_avg_fn(0.9)
    want = [visited[0].clone()]
    for place in visited[1:]:
        ema(want, [place], 0)
    with opt.averaged():
        torch.testing.assert_close(x.detach(), want[0], rtol=1e-6, atol=1e-7)


def test_the_weights_come_back_bit_for_bit_even_after_an_error():
    x, opt, visited = stepped(average=0.9)

    def judge():
        with opt.averaged():
            assert not torch.equal(x, visited[-1])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        judge()
    assert torch.equal(x, visited[-1])


def test_the_average_is_not_what_training_goes_on_from():
    x, opt, _ = stepped(average=0.9)
    y, other, _ = stepped()
    with opt.averaged():
        pass
    for param, optimizer in ((x, opt), (y, other)):
        param.grad = torch.ones(5, 3)
        optimizer.step()
    assert torch.equal(x, y)


def test_before_the_first_step_the_average_is_the_weights():
    x = torch.nn.Parameter(torch.ones(2))
    opt = thalweg.SGD([x], average=0.9)
    with opt.averaged():
        assert torch.equal(x, torch.ones(2))


def test_groups_without_an_average_stay_as_they_are():
    x, y = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    opt = thalweg.SGD([{"params": [x], "average": 0.5}, {"params": [y]}], lr=1.0)
    x.grad, y.grad = torch.ones(2), torch.ones(2)
    opt.step()
    with opt.averaged():
        assert (x[0].item(), y[0].item()) == (0.5, 0.0)


def test_a_bfloat16_parameter_s_average_is_kept_in_float32():
    x = torch.nn.Parameter(torch.ones(2, dtype=torch.bfloat16))
    opt = thalweg.SGD([x], lr=1.0, average=0.999)
    x.grad = torch.full((2,), 0.5, dtype=torch.bfloat16)
    opt.step()
    kept = opt.state[x]["average"]
    assert kept.dtype == torch.float32
    assert kept[0].item() == pytest.approx(0.9995, abs=1e-7)


def test_schedule_free_shows_its_average_and_asgd_its_mean():
    x, opt, _ = stepped(kind=thalweg.ScheduleFreeSGD, momentum=0.8)
    y, z = x.detach().clone(), opt.state[x]["z"]
    with opt.averaged():
        torch.testing.assert_close(x.detach(), (y - 0.2 * z) / 0.8, rtol=1e-5, atol=1e-6)
    x, opt, visited = stepped(kind=thalweg.ASGD, t0=0.0)
    with opt.averaged():
        torch.testing.assert_close(
            x.detach(), torch.stack(visited[1:]).mean(0), rtol=0.05, atol=0.1
        )
        assert torch.equal(x, opt.state[x]["ax"])


def test_an_average_survives_a_state_dict():
    x, opt, _ = stepped(average=0.9)
    again = copy.deepcopy(x)
    other = thalweg.AdamW([again], lr=0.1, average=0.9)
    other.load_state_dict(opt.state_dict())
    with opt.averaged(), other.averaged():
        assert torch.equal(x, again)


def test_without_an_average_one_line_says_how_to_get_one():
    _, opt, _ = stepped(steps=1)
    with (
        pytest.raises(RuntimeError, match=r"AdamW: it keeps no average.*average=0\.999"),
        opt.averaged(),
    ):
        pass


def test_a_step_inside_is_refused():
    x, opt, _ = stepped(average=0.9)
    x.grad = torch.ones(5, 3)
    with opt.averaged(), pytest.raises(RuntimeError, match="step outside"):
        opt.step()
    with opt.averaged(), pytest.raises(RuntimeError, match="in place already"), opt.averaged():
        pass
    opt.step()


@pytest.mark.parametrize("value", [-0.1, 1.5, "half", float("nan")])
def test_an_average_out_of_range_gets_one_line(value):
    with pytest.raises(ValueError, match=r"adamw: average="):
        thalweg.AdamW([torch.nn.Parameter(torch.ones(1))], average=value)
