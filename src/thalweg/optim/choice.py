"""Choice: which engine updates a parameter, and why not the fastest."""

from torch import Tensor

from thalweg.engines import cpu
from thalweg.rules import Rule


def reason(
    param: Tensor, states: list[Tensor], *, overlaps: bool, factored: bool = False
) -> str | None:
    """Why the cpu engine can't update this parameter, or None if it can."""
    if factored:
        return "it keeps averages by rows and columns, for which kernels have no word"
    if overlaps:
        return "it shares memory with another parameter of its group"
    why = cpu.why_not(param)
    if why:
        return why
    if param.is_inference():  # its version, which a write would raise, is not there
        return "it is an inference tensor"
    grad = param.grad
    if grad is not None and grad.dtype != param.dtype:
        return f"its gradient is {str(grad.dtype).removeprefix('torch.')}"
    others = [("its gradient", grad)] if grad is not None else []
    others += [("a state", state) for state in states]
    for name, tensor in others:
        why = cpu.why_not_beside(param, tensor)
        if why:
            return f"{name}: {why}"
    return None


def choose(rule: Rule, engine: str, why: str | None, index: int) -> str:
    """The engine for a parameter: the one asked for, or the fastest that can.

    Raises:
        RuntimeError: the one asked for can't; the line says why.
    """
    if engine == "auto":
        return "eager" if why else "cpu"
    if engine == "cpu" and why:
        raise RuntimeError(
            f"{rule.name}: engine='cpu' can't update parameter {index}: {why}; engine='auto' can"
        )
    return engine


def overlapping(params: list[Tensor]) -> set[int]:
    """The indices of dense parameters on the CPU that share memory: they must take turns."""
    spans = sorted(
        (p.data_ptr(), p.data_ptr() + p.numel() * p.element_size(), i)
        for i, p in enumerate(params)
        if cpu.why_not(p) is None and p.numel()
    )
    found: set[int] = set()
    reach, holder = -1, -1
    for low, high, index in spans:
        if low < reach:
            found |= {index, holder}
        if high > reach:
            reach, holder = high, index
    return found
