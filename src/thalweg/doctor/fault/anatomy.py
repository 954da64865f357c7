"""Where in a model a fault can be put: its head, what comes before it, its activations."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from thalweg.doctor.fault.case import Case

RECTIFIED = (nn.ReLU, nn.GELU, nn.SiLU, nn.LeakyReLU, nn.ELU)
BENT = (*RECTIFIED, nn.Tanh, nn.Sigmoid)
WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.RNNBase)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm)


def leaves(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """The modules that hold no others, in order of registration."""
    return [(name, one) for name, one in model.named_modules() if not any(one.children())]


def head(model: nn.Module) -> tuple[str, nn.Linear]:
    """The last linear layer, which makes the output, and its name.

    Raises:
        ValueError: the model has no linear layer.
    """
    found = [(name, one) for name, one in model.named_modules() if isinstance(one, nn.Linear)]
    if not found:
        raise ValueError("fault: the model has no linear layer to end with; take another fault")
    return found[-1]


def hidden(model: nn.Module) -> list[nn.Module]:
    """Layers with weights before the head."""
    last = head(model)[1]
    return [one for _, one in leaves(model) if isinstance(one, WEIGHTED) and one is not last]


def put(model: nn.Module, name: str, module: nn.Module) -> None:
    """Set another module in the place of one."""
    owner, _, last = name.rpartition(".")
    setattr(model.get_submodule(owner), last, module)


def before(model: nn.Module, kinds: tuple[type[nn.Module], ...]) -> Iterator[nn.Module]:
    """For each activation of some kinds, the layer that feeds it: a normalisation, or weights."""
    feeding: nn.Module | None = None
    for _, one in leaves(model):
        if isinstance(one, (nn.Linear, nn.Conv1d, nn.Conv2d, *NORMS)):
            feeding = one
        elif isinstance(one, kinds) and feeding is not None:
            yield feeding


def needs_hidden(case: Case) -> str:
    """Whether the model has layers before its head."""
    return "" if hidden(case.make_model()) else "the model has no hidden layer"


def needs_floats(case: Case) -> str:
    """Whether the inputs are numbers rather than symbols."""
    return "" if case.data.train.inputs.is_floating_point() else "its inputs are symbols"
