"""Training and evaluation, as a model is told of them: some do more then than set a flag."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


def begin_training(model: nn.Module) -> None:
    """Have a model train. What its factory put into evaluation mode stays there.

    The model is told in any case, as a training loop does: its own ``train`` may freeze layers,
    or take apart what its ``eval`` has put together.
    """
    kept = [module for module in model.modules() if not module.training] if model.training else []
    model.train()
    for module in kept:
        if type(module).train is nn.Module.train:
            module.training = False
        else:
            module.train(False)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Within it, a model is in evaluation mode. It is told of both ends, and is as before then."""
    modes = [(module, module.training) for module in model.modules()]
    trains = model.training
    model.eval()
    try:
        yield
    finally:
        if trains:
            model.train()
        for module, mode in modes:
            module.training = mode
