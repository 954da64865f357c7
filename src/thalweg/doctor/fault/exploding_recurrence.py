"""A recurrent layer without a squashing whose states double at each position."""

from torch import nn

from thalweg.doctor.fault.anatomy import put
from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault

GAIN = 2.0


def explode(model: nn.Module) -> None:
    """Put a rectified recurrence with a gain of two in the place of each recurrent layer."""
    for name, old in [*model.named_modules()]:
        if not isinstance(old, nn.RNNBase):
            continue
        new = nn.RNN(
            old.input_size, old.hidden_size, old.num_layers, nonlinearity="relu", batch_first=True
        )
        for label, param in new.named_parameters():
            if label.startswith("weight_hh"):
                nn.init.eye_(param)
                param.mul_(GAIN)
        put(model, name, new)


def inject(case: Case) -> Case:
    """Change each model that is made."""
    return case.rebuilt(explode)


def unfit(case: Case) -> str:
    """Whether the model is recurrent, with batches first."""
    found = [one for one in case.make_model().modules() if isinstance(one, nn.RNNBase)]
    fits = found and all(one.batch_first and not one.bidirectional for one in found)
    return "" if fits else "the model is not recurrent with batch_first"


fault = Fault(
    "exploding-recurrence",
    "exploding recurrence",
    expects=("exploding-gradients", "diverging"),
    also=("bouncing", "dead-units"),
    inject=inject,
    unfit=unfit,
)
