"""What callbacks, trainers and modules of the user's keep to themselves, which no library saves."""

from __future__ import annotations

import io
import pickle
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import cloudpickle
import torch

from ...errors import SaturnError
from ..model.function_code import is_own, qualified
from .tensor_version import TensorVersions

_FEW = 64  # numbers, which are compared
_SMALL = 1 << 20  # bytes; what takes more is not compared with what it was, but saved
_OF_MODULES = frozenset(vars(torch.nn.Module())) | {"_parameters", "_buffers", "_modules"}
# Whose objects are made anew by the function, or gone on with by the library itself.
_MADE_ANEW = (
    *("accelerate", "datasets", "lightning", "peft", "pytorch_lightning", "tokenizers"),
    *("torch.distributed", "torch.optim", "torch.utils.data", "transformers", "trl"),
)

Owners = Callable[[], Mapping[str, Any]]


class AttributeSnapshot:
    """Saves beside a library's checkpoint what its objects have noted in attributes meanwhile.

    What has not changed since this was made is left as the function makes it, and so is what the
    library's own checkpoints hold.

    Parameters
    ----------
    owners
        Tells the objects that are looked at, by name.
    known
        Tells what is there after a pause as well, by name, such as the model: that is referred to.
    data
        Tells more objects, of which only what is small is looked at.
    left_out
        Tells names of attributes of an object that the library looks after.
    trouble
        Why nothing can be gone on with, where that is known.
    """

    def __init__(
        self,
        owners: Owners,
        known: Owners,
        data: Owners,
        *,
        left_out: Callable[[Any], Collection[str]] = lambda _: (),
        trouble: str | None = None,
    ) -> None:
        self._left_out = left_out
        self._owners = owners
        self._known = known
        self._data = data
        self._classes: dict[str, type] = {}
        self._versions = TensorVersions()
        self._at_first = {place: self._digest(value) for place, value in self._attributes()}
        self.trouble: str | None = trouble or next(self._troubles(), None)
        """What of it cannot be saved, so that the loop can only be begun anew; None of nothing."""

    def save(self, path: Path) -> None:
        """Write what has changed of that which can be written."""
        kept = {
            place: value
            for place, value in self._attributes()
            if self._may_have_changed(place, value) and self._can_be_written(value)
        }
        with path.open("wb") as file:
            self._write(kept, file)

    def _may_have_changed(self, place: tuple[str, str], value: Any) -> bool:
        digest = self._digest(value)
        if digest is None:  # of data it is what they consist of
            return place[0] not in self._data()
        return digest != self._at_first.get(place)

    def can_save(self) -> bool:
        """Whether all that is known now can be saved."""
        self.trouble = self.trouble or next(self._troubles(), None)
        return self.trouble is None

    def restore(self, path: Path) -> None:
        """Have all objects know again what was saved, in the objects that they have already.

        Raises
        ------
        SaturnError
            ``hidden-state`` when it cannot be read.
        """
        try:
            with path.open("rb") as file:
                found = _Unpickler(file, {**self._all_known(), **self._classes}).load()
        except Exception as error:
            raise SaturnError(
                "hidden-state",
                f"What callbacks and trainer have kept to themselves cannot be read: {error}",
                "Run the task from the start: %saturn retry.",
            ) from error
        owners = self._all_owners()
        for (owner, name), value in found.items():
            if owner in owners:
                held = vars(owners[owner])
                held[name] = _merged(held.get(name), value, {})

    def _attributes(self) -> Iterator[tuple[tuple[str, str], Any]]:
        known = {id(each) for each in self._all_known().values()}
        for owner, thing in self._all_owners().items():
            is_module = isinstance(thing, torch.nn.Module)
            hidden = {*self._left_out(thing), *(_OF_MODULES if is_module else ())}
            for name, value in list(vars(thing).items()):
                if name in hidden or id(value) in known or _is_made_anew(value):
                    continue
                if not isinstance(value, FunctionType | MethodType):
                    yield (owner, name), value

    def _all_owners(self) -> dict[str, Any]:
        return {**self._owners(), **self._data()}

    def _all_known(self) -> dict[str, Any]:
        known = {**self._known(), **self._all_owners()}
        for name, thing in list(known.items()):
            if isinstance(thing, torch.nn.Module):
                parts = (thing.named_modules(), thing.named_parameters(), thing.named_buffers())
                known |= {f"{name}/{part}": each for some in parts for part, each in some}
        return known

    def _troubles(self) -> Iterator[str]:
        """What moves and cannot be saved. Other things, as files and locks, are made anew."""
        for (owner, name), value in self._attributes():
            moves = is_own(type(value)) or hasattr(value, "__next__")
            if moves and not self._can_be_written(value):
                yield f"{owner} keeps a {type(value).__name__} in {name}, which cannot be saved"

    def _can_be_written(self, value: Any) -> bool:
        try:
            self._write(value, _Nowhere())
        except Exception:  # whatever objects of others raise
            return False
        return True

    def _write(self, value: Any, into: Any) -> None:
        _Pickler(into, self._all_known(), self._classes).dump(value)  # type: ignore[no-untyped-call]

    def _digest(self, value: Any) -> bytes | None:
        """What is another one when a value has changed; None of what is too large to tell."""
        into = _Bounded()
        try:
            comparing = _Comparing(into, self._all_known(), self._classes, self._versions)
            comparing.dump(value)  # type: ignore[no-untyped-call]
        except Exception:
            return None
        return into.getvalue()


def own_parts(model: torch.nn.Module) -> dict[str, torch.nn.Module]:
    """The modules in a model that may note something in attributes: the user's, and metrics."""
    return {
        f"the model's {name}" if name else "the model": module
        for name, module in model.named_modules()
        if is_own(type(module)) or type(module).__module__.startswith("torchmetrics.")
    }


class _Nowhere(io.BytesIO):
    """Keeps nothing: what is tried may be as large as memory."""

    def write(self, data: Any) -> int:
        return memoryview(data).nbytes


class _Bounded(io.BytesIO):
    def write(self, data: Any) -> int:
        if self.tell() + len(memoryview(data)) > _SMALL:
            raise ValueError("too large")
        return super().write(data)


class _Pickler(cloudpickle.Pickler):
    """Refers to what is known by its name, and so to classes that the function has made anew."""

    def __init__(self, file: Any, known: Mapping[str, Any], classes: dict[str, type]) -> None:
        super().__init__(file)  # type: ignore[no-untyped-call]
        self._names = {id(each): name for name, each in known.items()}
        self._classes = classes

    def persistent_id(self, thing: Any) -> Any:
        if type(thing) in _PLAIN:
            return None
        if isinstance(thing, type):
            name = qualified(thing)
            return name if self._classes.get(name) is thing else None
        known = self._names.get(id(thing))
        return () if known is None and _is_made_anew(thing) else known


class _Comparing(_Pickler):
    """Tells tensors by whether somebody has written into them. Notes all classes."""

    def __init__(
        self,
        file: io.BytesIO,
        known: Mapping[str, Any],
        classes: dict[str, type],
        versions: TensorVersions,
    ) -> None:
        super().__init__(file, known, classes)
        self._versions = versions

    def persistent_id(self, thing: Any) -> Any:
        if isinstance(thing, type) and is_own(thing):
            self._classes.setdefault(qualified(thing), thing)
        large = isinstance(thing, torch.Tensor) and thing.numel() > _FEW
        if large and id(thing) not in self._names:
            return self._versions.of(thing)
        return super().persistent_id(thing)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, known: Mapping[str, Any]) -> None:
        super().__init__(file)
        self._named = known

    def persistent_load(self, name: Any) -> Any:
        return _AS_IT_IS if name == () else self._named[name]


class _AsItIs:
    """In the place of what stays as it was made anew."""


_AS_IT_IS = _AsItIs()
_PLAIN = (int, float, bool, str, bytes, type(None), tuple, list, dict, set, frozenset)


def _is_made_anew(thing: Any) -> bool:
    kind = type(thing)
    if isinstance(thing, type) or kind in _PLAIN or isinstance(thing, torch.Tensor):
        return False
    if isinstance(thing, torch.nn.Module):
        return False  # whoever wrote it: its weights may have changed
    module = kind.__module__
    return any(module == each or module.startswith(f"{each}.") for each in _MADE_ANEW)


def _merged(old: Any, new: Any, seen: dict[int, Any]) -> Any:
    """What was saved, written into what is there, which others may hold as well."""
    if new is _AS_IT_IS or old is new:
        return old
    if id(new) in seen:
        return seen[id(new)]
    if type(old) is not type(new):
        return new
    seen[id(new)] = old
    if isinstance(new, torch.Tensor):
        if old.shape != new.shape or old.dtype != new.dtype:
            return new
        with torch.no_grad():
            old.data.copy_(new)
        return old
    if isinstance(new, torch.Generator):
        return old.set_state(new.get_state())
    if isinstance(new, dict):
        items = {key: _merged(old.get(key), value, seen) for key, value in new.items()}
        old.clear()
        old.update(items)
    elif isinstance(new, list | deque):
        before = [*old, *(None for _ in range(len(new) - len(old)))]
        parts = [_merged(one, other, seen) for one, other in zip(before, new, strict=False)]
        old.clear()
        old.extend(parts)
    elif not _is_plain_object(new):
        return new
    if hasattr(old, "__dict__"):
        held = vars(old)
        parts_of = {name: _merged(held.get(name), v, seen) for name, v in vars(new).items()}
        held.clear()
        held.update(parts_of)
    return old


def _is_plain_object(thing: Any) -> bool:
    """Whether all there is of it is in its attributes."""
    kind: Any = type(thing)
    usual = all(
        getattr(kind, name, None) is getattr(object, name, None)
        for name in ("__reduce__", "__reduce_ex__", "__getstate__")
    )
    slots = any(getattr(each, "__slots__", ()) for each in kind.__mro__)
    return usual and not slots and hasattr(thing, "__dict__")
