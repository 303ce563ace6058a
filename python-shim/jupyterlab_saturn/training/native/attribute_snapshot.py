"""What callbacks, trainers and modules of the user's keep to themselves, which no library saves."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import cloudpickle
import torch

from ...errors import SaturnError
from ..model.function_code import is_own, qualified
from .attribute_merge import AS_IT_IS, PLAIN, Missing, is_made_anew, merged
from .tensor_version import TensorVersions

_FEW = 64  # numbers, which are compared
_SMALL = 1 << 20  # bytes; what takes more is not compared with what it was, but saved
_OF_MODULES = frozenset(vars(torch.nn.Module())) | {"_parameters", "_buffers", "_modules"}

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
            ``hidden-state`` when it cannot be read, or an object of a library was put where there
            is none now.
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
                try:
                    held[name] = merged(held.get(name), value, {})
                except Missing:
                    raise SaturnError(
                        "hidden-state",
                        f"{owner} kept an object of a library in {name}: it is not there now.",
                        "Run the task from the start: %saturn retry.",
                    ) from None

    def _attributes(self) -> Iterator[tuple[tuple[str, str], Any]]:
        known = {id(each) for each in self._all_known().values()}
        for owner, thing in self._all_owners().items():
            is_module = isinstance(thing, torch.nn.Module)
            hidden = {*self._left_out(thing), *(_OF_MODULES if is_module else ())}
            for name, value in list(vars(thing).items()):
                if name in hidden or id(value) in known or is_made_anew(value):
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
        if type(thing) in PLAIN:
            return None
        if isinstance(thing, type):
            name = qualified(thing)
            return name if self._classes.get(name) is thing else None
        known = self._names.get(id(thing))
        return () if known is None and is_made_anew(thing) else known


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
        return AS_IT_IS if name == () else self._named[name]
