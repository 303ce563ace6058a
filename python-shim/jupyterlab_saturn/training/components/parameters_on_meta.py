"""Models whose parameters have no numbers, for ranks that get all of them from another."""

from __future__ import annotations

import functools
import gc
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_any_only, tree_map_only
from torch.utils.weak import WeakIdKeyDictionary

_TO_COPY = torch.ops.aten._to_copy.default


@contextmanager
def parameters_on_meta() -> Iterator[Hollow]:
    """Within it, parameters lose their memory as soon as a module has them.

    Of a model that is loaded, one tensor at a time is in memory. Whatever looks at numbers raises.
    What would draw random numbers for a parameter draws them, so that generators come out of it as
    if it were real.
    """
    hollow = Hollow()
    register = nn.Module.register_parameter

    def registering(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        register(module, name, hollow.of(parameter))

    # Some of them draw until they like the numbers, or do nothing on this device.
    initialisers: Any = {
        n: hollow.drawing(f) for n, f in vars(nn.init).items() if _is_initialiser(n)
    }
    with (
        mock.patch.object(nn.Module, "register_parameter", registering),
        mock.patch.multiple(nn.init, **initialisers),
        warnings.catch_warnings(),
        hollow,
    ):
        # Of state dicts that are loaded into them.
        warnings.filterwarnings("ignore", message=".*from a non-meta parameter in the checkpoint")
        yield hollow


class Hollow(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Makes parameters without numbers and sees what is done with them."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._made: Any = WeakIdKeyDictionary()  # of real ones, which may be tied
        self._storages: set[int] = set()  # shared by views, and by what `Tensor.data` returns

    def of(self, parameter: nn.Parameter | None) -> nn.Parameter | None:
        if type(parameter) is not nn.Parameter or parameter.device.type != "cpu":
            return parameter
        known: nn.Parameter | None = self._made.get(parameter)
        if known is None:
            empty = self._note(torch.empty_like(parameter, device="meta"))
            known = nn.Parameter(empty, parameter.requires_grad)
            vars(known).update(vars(parameter))
            self._made[parameter] = known
        return known

    def strays(self, model: nn.Module) -> bool:
        """Whether there are tensors without numbers that are no parameters of a model.

        Such as of a teacher, a copy, or a loss: they would stay without.
        """
        self._made = WeakIdKeyDictionary()
        gc.collect()  # those that nobody has
        own = {id(parameter) for parameter in model.parameters()}
        tensors = (each for each in gc.get_objects() if issubclass(type(each), torch.Tensor))
        return any(id(tensor) not in own and self._is_ours(tensor) for tensor in tensors)

    @staticmethod
    def watched(model: nn.Module) -> bool:
        """Whether others keep an eye on parameters of a model, which end with what they are now.

        A hook on a gradient would be lost with the numbers that a parameter gets.
        """
        return any(
            getattr(each, "_backward_hooks", None) or weakref.getweakrefs(each)
            for each in model.parameters()
        )

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        options = kwargs or {}
        if not tree_any_only(torch.Tensor, self._is_ours, (args, options)):
            return func(*args, **options)
        if func is _TO_COPY:
            options = {**options, "device": torch.device("meta")}
        if torch.Tag.nondeterministic_seeded in func.tags:
            func(*tree_map_only(torch.Tensor, _real, args), **_on_cpu(options))
        result = func(*args, **options)
        # Without a word PyTorch makes real numbers of some real and some absent ones.
        written = (args, options) if not func._schema.returns else result
        if tree_any_only(torch.Tensor, lambda tensor: not tensor.is_meta, written):
            raise NotImplementedError(f"{func} needs the numbers of a parameter that has none here")
        return tree_map_only(torch.Tensor, self._note, result)

    def drawing(self, initialise: Callable[..., Any]) -> Callable[..., Any]:
        """A function of `torch.nn.init`, which only draws where there is nothing to write to."""

        @functools.wraps(initialise)
        def draw(tensor: torch.Tensor, *args: Any, **options: Any) -> Any:
            if not self._is_ours(tensor):
                return initialise(tensor, *args, **options)
            initialise(_real(tensor), *args, **options)
            return tensor

        return draw

    def _note(self, tensor: torch.Tensor) -> torch.Tensor:
        if tensor.is_meta:
            self._storages.add(tensor.untyped_storage()._cdata)
        return tensor

    def _is_ours(self, tensor: torch.Tensor) -> bool:
        return tensor.is_meta and tensor.untyped_storage()._cdata in self._storages


def _is_initialiser(name: str) -> bool:
    return name.endswith("_") and not name.startswith("_")


def _real(tensor: torch.Tensor) -> torch.Tensor:
    if not tensor.is_meta:
        return tensor
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="cpu")


def _on_cpu(options: dict[str, Any]) -> dict[str, Any]:
    on_cpu: dict[str, Any] = tree_map_only(torch.Tensor, _real, options)
    return {**on_cpu, **({"device": torch.device("cpu")} if "device" in options else {})}
