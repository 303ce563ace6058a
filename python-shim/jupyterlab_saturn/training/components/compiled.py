"""Models that ``torch.compile`` was put around, with the names that they have without it."""

from __future__ import annotations

import sys
from typing import Any

from torch import nn


def compiled_in_place(model: nn.Module) -> nn.Module:
    """A model whose parameters are called the same whatever was compiled, as compiled as before.

    ``torch.compile`` puts a module around the one it compiles, and ``_orig_mod.`` into all names.
    Some techniques leave that out of what they save, others do not: checkpoints would be of one
    technique only. What is compiled stays so, as by ``Module.compile``.
    """
    library = sys.modules.get("torch._dynamo.eval_frame")  # slow to load, and never for nothing
    if library is None:
        return model
    kind = library.OptimizedModule
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, kind) and not isinstance(module, kind):
                setattr(module, name, _without_wrapper(child))
    return _without_wrapper(model) if isinstance(model, kind) else model


def _without_wrapper(wrapper: Any) -> nn.Module:
    inner: nn.Module = wrapper._orig_mod
    inner._compiled_call_impl = wrapper.dynamo_ctx(inner._call_impl)
    return inner
