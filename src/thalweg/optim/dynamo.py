"""Dynamo: torch.compile stays out of the step, whose kernels are compiled already."""

from typing import Any


def hide(function: Any) -> None:
    """Keep torch.compile out of a function and of all that it calls.

    `torch.compiler.disable` says the same, but imports all of torch._dynamo now and wraps every
    call. The mark is what it leaves on a function; the strategy goes for what the function calls.
    """
    function._torchdynamo_disable = True
    try:
        from torch._C._dynamo.eval_frame import (
            _FrameAction,
            _FrameExecStrategy,
            set_code_exec_strategy,
        )
    except ImportError:
        return
    skip = _FrameExecStrategy(_FrameAction.SKIP, _FrameAction.SKIP)
    set_code_exec_strategy(function.__code__, skip)
