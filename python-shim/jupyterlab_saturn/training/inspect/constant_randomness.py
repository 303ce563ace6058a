"""Random numbers without chance, so that a computation can be compared with another."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class ConstantRandomness(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Within it, PyTorch's operations draw what they draw on average, whatever was drawn before.

    Dropout keeps everything then, and noise is the same for each sample: what is left that
    differs between a batch and its parts is not by chance.

    Attributes
    ----------
    draws
        Whether anything was drawn.
    tells
        Whether Python was told a number that a tensor holds, by which it may choose what to do.
    draws_unseeded
        Whether from a generator that is not PyTorch's global one, which no step seeds.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.draws = self.draws_unseeded = self.tells = False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.tells |= func is torch.ops.aten._local_scalar_dense.default
        if torch.Tag.nondeterministic_seeded not in func.tags or _draws_nothing(func, args, kwargs):
            return result
        given = (*args, *(kwargs or {}).values())
        self.draws = True
        self.draws_unseeded |= any(
            isinstance(each, torch.Generator) and each is not torch.default_generator
            for each in given
        )
        return _constant(func, args, kwargs or {}, result)


def _draws_nothing(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> bool:
    """Whether it leaves nothing out by chance, as attention does without dropout."""
    named = {each.name: value for each, value in zip(func._schema.arguments, args, strict=False)}
    given = {**named, **(kwargs or {})}
    chances = [given[name] for name in ("dropout_p", "p") if name in given]
    if not chances and "dropout_p" in (each.name for each in func._schema.arguments):
        return True  # which is 0 unless it is said
    return any(isinstance(chance, int | float) and chance == 0 for chance in chances)


def _constant(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], drawn: Any) -> Any:
    """What an operation returns in the place of what it drew; as it is if it is not known."""
    name = func._schema.name.removeprefix("aten::")
    if name == "native_dropout":
        return args[0].clone(), torch.ones_like(drawn[1])
    numbers = [a for a in args if isinstance(a, int | float) and not isinstance(a, bool)]
    if name == "bernoulli":
        return drawn.copy_(args[0]) if not numbers else drawn.fill_(numbers[0])
    if name == "bernoulli_":
        given = args[1] if len(args) > 1 else 0.5
        return drawn.copy_(given) if isinstance(given, torch.Tensor) else drawn.fill_(given)
    if name == "randperm":
        return drawn.copy_(torch.arange(drawn.numel(), dtype=drawn.dtype))
    if name in ("uniform_", "uniform"):
        return drawn.fill_(sum(numbers[:2]) / 2 if len(numbers) > 1 else 0.5)
    if name in ("randint", "randint_like", "random_", "random"):
        return drawn.fill_(int(numbers[0]) if len(numbers) > 1 else 0)
    if name in _HALVES:
        return drawn.fill_(0.5 if drawn.is_floating_point() else 0)
    return drawn


_HALVES = frozenset(
    {"rand", "rand_like", "randn", "randn_like", "normal", "normal_", "multinomial"}
    | {"exponential", "exponential_", "cauchy_", "log_normal_", "geometric_"}
)
