"""The optimizer is given only the head: everything before it keeps its random weights."""

from torch import nn

from thalweg.doctor.fault.anatomy import head, needs_hidden
from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault


def head_only(model: nn.Module) -> list[nn.Parameter]:
    """The parameters of the last linear layer."""
    return list(head(model)[1].parameters())


def inject(case: Case) -> Case:
    """Give the optimizer the head alone."""
    return case.changed(params=head_only)


fault = Fault(
    "forgotten-parameters",
    "parameters not given to the optimizer",
    expects=("not-trained",),
    inject=inject,
    unfit=needs_hidden,
)
