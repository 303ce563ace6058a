"""A function of the notebook, made ready to run in another process."""

from __future__ import annotations

import hashlib
import inspect
import io
import pickle
import textwrap
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from .closure_references import notebook_modules, references
from .fingerprint import read_code
from .gpu_tensors import is_on_gpu, on_cpu
from .monkeypatch import refuse_patches
from .training_fingerprint import training_fingerprint
from .world import World

if TYPE_CHECKING:
    from collections.abc import Callable

#: Largest pickled function, in bytes.
MAX_BYTES = 32 * 2**20
_MAX_MEASURED = 2**30
_MAX_SOURCE = 65_536


@dataclass(frozen=True)
class Captured:
    """A function by value.

    Attributes
    ----------
    payload
        The function, pickled; what it needs of the notebook is inside.
    file
        Name for the payload in a session's payloads folder.
    fingerprint
        Equal for equal code and values, in any kernel.
    training
        As `fingerprint`, of what decides the trained weights.
    source
        Source text for people; empty when there is none.
    sources, texts
        As of `Code`.
    world
        Name of the file of the notebook's world, once it is known.
    """

    payload: bytes
    file: str
    fingerprint: str
    training: str
    source: str
    sources: Mapping[Path, str] = field(default_factory=dict)
    texts: Collection[str] = ()
    world: str | None = None

    def within(self, world: World) -> Captured:
        """The function in a notebook's world: what decides of that takes part in its name."""

        def name(code: str) -> str:
            return hashlib.sha256(f"{code} {world.digest}".encode()).hexdigest()

        return replace(
            self,
            world=world.file,
            fingerprint=name(self.fingerprint),
            training=name(self.training),
        )


def capture(function: Callable[..., Any]) -> Captured:
    """Pickle a function by value, with the modules of the notebook's folder that it uses.

    Raises
    ------
    SaturnError
        ``not-picklable`` naming the variable that cannot leave the kernel (a lock, an open file,
        a generator...); ``capture-too-large`` naming the largest variables when all of them
        together take over `MAX_BYTES`; ``patched-library``, ``too-many-modules``.
    """
    modules = notebook_modules(Path.cwd())
    with _by_value(modules):
        try:
            payload = _pickled(function, MAX_BYTES)
        except _TooLargeError:
            raise _too_large(function) from None
        except Exception as error:
            raise _not_picklable(function, error) from None
    code = read_code(function, modules)
    refuse_patches(code.packages)
    return Captured(
        payload=payload,
        file=f"{hashlib.sha256(payload).hexdigest()[:32]}.pkl",
        fingerprint=code.fingerprint,
        training=training_fingerprint(function, modules),
        source=_source(function),
        sources=code.sources,
        texts=code.texts,
    )


class _TooLargeError(Exception):
    """A pickle grew over its limit."""


class _Sink(io.BytesIO):
    """A file that refuses to grow over a limit, so that a huge capture ends early."""

    def __init__(self, limit: int, keep: bool) -> None:
        super().__init__()
        self._limit = limit
        self._keep = keep
        self.size = 0

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self.size += size
        if self.size > self._limit:
            raise _TooLargeError
        return super().write(data) if self._keep else size


def _dump(value: Any, sink: _Sink) -> None:
    import cloudpickle

    class Pickler(cloudpickle.Pickler):
        """Refuses open files, which cloudpickle would replace by a copy of their text.

        Tensors on a GPU are taken along as they would be on the CPU: loaded, they would go to the
        first GPU in every rank, and nowhere where there is none.
        """

        def reducer_override(self, value: Any) -> Any:
            if is_on_gpu(value):
                return on_cpu(value).__reduce_ex__(pickle.HIGHEST_PROTOCOL)
            if isinstance(value, io.IOBase) and not isinstance(value, (io.BytesIO, io.StringIO)):
                raise pickle.PicklingError(f"cannot pickle an open file ({value!r})")
            return super().reducer_override(value)  # type: ignore[no-untyped-call]

    Pickler(sink).dump(value)  # type: ignore[no-untyped-call]


def _pickled(value: Any, limit: int) -> bytes:
    sink = _Sink(limit, keep=True)
    _dump(value, sink)
    return sink.getvalue()


@contextmanager
def _by_value(modules: list[ModuleType]) -> Iterator[None]:
    import cloudpickle

    known = cloudpickle.list_registry_pickle_by_value()
    mine = [module for module in modules if module.__name__ not in known]
    for module in mine:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in mine:
            cloudpickle.unregister_pickle_by_value(module)


def _failure(value: Any) -> Exception | None:
    try:
        _dump(value, _Sink(_MAX_MEASURED, keep=False))
    except _TooLargeError:
        return None
    except Exception as error:
        return error
    return None


def _culprit(
    function: FunctionType, path: tuple[str, ...], seen: set[int]
) -> tuple[str, Any, Exception, tuple[str, ...]] | None:
    """The variable that cannot be pickled, and through which functions it is reached."""
    seen.add(id(function))
    path = (*path, function.__name__)
    for name, value in references(function):
        if id(value) in seen:
            continue
        error = _failure(value)
        if error is None:
            continue
        for inner in _functions_of(value):
            if id(inner) not in seen:
                found = _culprit(inner, path, seen)
                if found is not None:
                    return found
        return name, value, error, path
    return None


def _functions_of(value: Any) -> list[FunctionType]:
    if isinstance(value, FunctionType):
        return [value]
    if isinstance(value, type):
        return [member for member in vars(value).values() if isinstance(member, FunctionType)]
    return []


def _not_picklable(function: Callable[..., Any], error: Exception) -> SaturnError:
    found = _culprit(function, (), set()) if isinstance(function, FunctionType) else None
    if found is None:
        return SaturnError(
            "not-picklable",
            f"The function {_name(function)} cannot be sent to another process: {error}.",
            "Use a plain function whose variables are data, functions, classes and modules.",
        )
    name, value, reason, path = found
    if name == "get_ipython":
        return SaturnError(
            "not-picklable",
            f"{' -> '.join(path)} uses a magic or a shell command (%time, !ls), which there are in "
            "notebooks only.",
            "Inside the function write subprocess.run(...) for a command, time.perf_counter() for "
            "%time; or run it in a cell before.",
        )
    return SaturnError(
        "not-picklable",
        f"The variable {name!r} (a {_kind(value)}), used by {' -> '.join(path)}, cannot be sent to "
        f"another process: {reason}.",
        f"Make {name!r} inside the function instead of taking it from the notebook.",
    )


def _too_large(function: Callable[..., Any]) -> SaturnError:
    sizes = sorted(_sizes(function).items(), key=lambda entry: -entry[1])[:3]
    largest = ", ".join(f"{name!r} ({_megabytes(size)})" for name, size in sizes)
    return SaturnError(
        "capture-too-large",
        f"The function {_name(function)} takes more than {MAX_BYTES // 2**20} MB of the notebook "
        f"with it. Largest variables: {largest}.",
        "Load or make large data inside the function, e.g. from a file by its full path.",
    )


def _sizes(function: Callable[..., Any]) -> dict[str, int]:
    """Pickled bytes of the variables of a function and of the functions it calls."""
    sizes: dict[str, int] = {}
    seen: set[int] = set()

    def visit(function: FunctionType) -> None:
        seen.add(id(function))
        for name, value in references(function):
            if id(value) in seen:
                continue
            inner = _functions_of(value)
            if inner and getattr(value, "__module__", None) == "__main__":
                for each in inner:
                    if id(each) not in seen:
                        visit(each)
                continue
            seen.add(id(value))
            sink = _Sink(_MAX_MEASURED, keep=False)
            try:
                _dump(value, sink)
            except _TooLargeError:
                sink.size = _MAX_MEASURED
            sizes[name] = max(sizes.get(name, 0), sink.size)

    if isinstance(function, FunctionType):
        visit(function)
    return sizes


def _megabytes(size: int) -> str:
    if size >= _MAX_MEASURED:
        return f"over {_MAX_MEASURED // 2**20} MB"
    return f"{size / 2**20:.1f} MB"


def _kind(value: Any) -> str:
    kind = type(value)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _name(function: Callable[..., Any]) -> str:
    return repr(getattr(function, "__name__", type(function).__name__))


def _source(function: Callable[..., Any]) -> str:
    try:
        text = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):  # typed at a prompt without history, or not a function
        return ""
    return text if len(text) <= _MAX_SOURCE else ""
