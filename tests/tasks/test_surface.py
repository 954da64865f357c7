"""A surface is a task that the training loop runs unchanged."""

import pytest
import torch

from thalweg import tasks


@pytest.mark.parametrize("surface", tasks.surfaces(), ids=lambda surface: surface.name)
def test_a_surface_is_a_task_about_one_point(surface):
    task = surface.task()
    data, model = task.load(), task.make_model()
    (point,) = model.parameters()
    assert point.shape == (2,)
    assert point.tolist() == pytest.approx(surface.start)
    assert len(data.train) == len(data.validation) == len(data.test) == 1
    loss = task.loss(model(data.train.inputs), data.train.targets)
    assert loss.item() == pytest.approx(
        surface.f(*torch.tensor(surface.start, dtype=torch.float64)).item(), rel=1e-5
    )
    tasks.check(task)


def test_the_gap_is_zero_at_the_global_minimum():
    task = tasks.surface("styblinski-tang").task()
    data, model = task.load(), task.make_model()
    with torch.no_grad():
        model.point.fill_(-2.903534)
        gap = task.metrics["gap"](model(data.test.inputs), data.test.targets)
    assert abs(gap.item()) < 1e-4 == task.solved.value


def test_adam_solves_himmelblau_in_the_steps_stated():
    task = tasks.find("himmelblau")
    data, model = task.load(), task.make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for _ in range(task.epochs):
        optimizer.zero_grad()
        task.loss(model(data.train.inputs), data.train.targets).backward()
        optimizer.step()
    gap = task.metrics["gap"](model(data.test.inputs), data.test.targets)
    assert gap.item() < task.solved.value


def test_a_start_outside_the_domain_is_refused():
    with pytest.raises(ValueError, match=r"^bowl: start y=3 is outside \[-2.0, 2.0\]; its own"):
        tasks.surface("bowl").task(start=(0, 3))


def test_one_output_per_row_whatever_the_batch():
    model = tasks.find("beale").make_model()
    assert model(torch.zeros(7, 1)).shape == (7,)
