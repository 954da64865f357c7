"""The model that a run ended with, ready to be used."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from thalweg import tasks
from thalweg.tasks.task import Task
from thalweg.train import checkpoint
from thalweg.train.seeds import generators_kept


def trained(task: Task | str, folder: str | Path) -> nn.Module:
    """The task's model with the best weights of a run.

    Args:
        task: the task of the run, or its name.
        folder: the run's folder.

    Returns:
        The model, in eval mode.

    Raises:
        ValueError: there are no weights there, or they are damaged or of another model.

    Example:
        >>> import tempfile
        >>> from thalweg.train import fit
        >>> folder = tempfile.mkdtemp()
        >>> record = fit("bowl", rule="sgd", hypers={"lr": 0.1}, epochs=2, out=folder)
        >>> trained("bowl", folder).training
        False
    """
    task = tasks.find(task) if isinstance(task, str) else task
    path = Path(folder) / checkpoint.BEST
    content = checkpoint.load(path, {"model"})
    with generators_kept():
        model = task.make_model()
    try:
        model.load_state_dict(content["model"])
    except RuntimeError as error:
        raise ValueError(f"{path}: are not weights of the task {task.name!r}") from error
    return model.eval()
