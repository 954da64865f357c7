"""What each parameter of a model is: a bias, a norm's gain, an embedding, or none of these.

The shape does not say: an embedding has two dimensions, and so has the gain of a norm that stores
it per head. The module that owns it does, and where it is used twice, both.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd
from torch.nn.parameter import is_lazy
from torch.nn.utils.parametrize import ParametrizationList

KINDS = ("bias", "norm", "embedding", "vector")
"""What `no_decay` knows by name; all else is a pattern."""

_NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
_MATRICES = (nn.Linear, nn.Bilinear, _ConvNd, nn.RNNBase, nn.MultiheadAttention)
# "LayerNormalization" is one; "NormalHead" and "NormedLinear" are not.
_NORM = re.compile(r"norm(?!al)|normali[sz](ation|er?$)", re.IGNORECASE)
_MATRIX = re.compile(r"linear|conv|dense", re.IGNORECASE)
_INPUTS = {"embed", "embedding", "embeddings", "token", "tokens"}


@dataclass(frozen=True)
class Member:
    """A parameter: the names of all its places, first come first, and what it is in any."""

    param: nn.Parameter
    names: tuple[str, ...]
    kinds: frozenset[str]


def find_members(model: nn.Module) -> list[Member]:
    """A model's parameters, each once, in the order of its modules.

    Raises:
        ValueError: one has no shape yet.
    """
    found: dict[int, Member] = {}
    for name, param, owner, own in _places(model):
        if is_lazy(param):
            raise ValueError(f"groups: {name} has no shape yet; call the model once before")
        kinds = frozenset(_kinds(param, owner, own))
        before = found.get(id(param), Member(param, (), frozenset()))
        found[id(param)] = Member(param, (*before.names, name), before.kinds | kinds)
    return list(found.values())


def _places(model: nn.Module) -> Iterator[tuple[str, nn.Parameter, nn.Module, str]]:
    """Every place of every parameter: its name, the module that owns it, and its name there."""
    for path, module in model.named_modules(remove_duplicate=False):
        owner, parametrized = module, ""
        if isinstance(module, ParametrizationList):  # stands at "owner.parametrizations.weight"
            *up, _, parametrized = path.split(".")
            owner = model.get_submodule(".".join(up))
        for own, param in module.named_parameters(recurse=False, remove_duplicate=False):
            yield f"{path}.{own}" if path else own, param, owner, parametrized or own


def _kinds(param: Tensor, owner: nn.Module, own: str) -> Iterator[str]:
    """What a parameter is: `own` is its name in the module that owns it."""
    words, title = set(own.split("_")), type(owner).__name__
    if "bias" in words:  # bias, in_proj_bias, bias_ih_l0
        yield "bias"
    named = _NORM.search(title) and not _MATRIX.search(title)
    if isinstance(owner, _NORMS) or (named and not isinstance(owner, _MATRICES)):
        yield "norm"
    table = isinstance(owner, nn.Embedding | nn.EmbeddingBag) or "embedding" in title.lower()
    if words & _INPUTS or (table and not isinstance(owner, _MATRICES)):
        yield "embedding"
    if param.ndim < 2:
        yield "vector"
