"""From a pickled factory to the Task it makes."""

from __future__ import annotations

import ast
import dataclasses
import difflib
import inspect
import linecache
import math
import os
import pickle
import re
import stat
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import IterableDataset

from ...errors import SaturnError
from ...paths import SessionPaths
from ...task import Task
from ..adapters import NeedsNative, adapt
from ..components.seeding import derive, seed_all
from ..runtime.failure import describe, is_out_of_memory
from .epoch_order import EpochOrder
from .placement import bring_to_cpu, made_on_cpu, require_default_device
from .task_validation import require_valid
from .warm_start import begin_warm, factory_seed

if TYPE_CHECKING:
    from ...generated.wire_types import TaskSpec


def load_factory(paths: SessionPaths, payload: str) -> Callable[..., Any]:
    """Unpickle a factory of the session.

    Unpickling runs code, so only a file of ours that nobody else can write is read, and only
    from the session's own folder.

    Raises
    ------
    SaturnError
        ``bad-payload`` for a name that is none, ``no-payload``, ``unsafe-payload``, or
        ``factory-failed`` when unpickling raises.
    """
    path = paths.payload(payload)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise SaturnError(
            "no-payload",
            f"The code of the task, {path}, cannot be read: {error.strerror}.",
            "Run the task's cell again.",
        ) from error
    with os.fdopen(descriptor, "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o022:
            raise SaturnError(
                "unsafe-payload",
                f"{path} is not a file that only you can write, so it is not opened.",
                "Remove it and run the task's cell again.",
            )
        try:
            factory: Callable[..., Any] = pickle.load(file)
        except Exception as error:
            raise _failed(error, "The task's code cannot be loaded here") from error
    return factory


def call_factory(paths: SessionPaths, spec: TaskSpec) -> Any:
    """Call the factory of a wire ``TaskSpec``, with all generators seeded by its `factory_seed`.

    Returns what it makes. Raises as `build_task`.
    """
    factory = load_factory(paths, spec["payload"])
    _remember_source(factory, spec.get("source"))
    _require_parameters(factory, spec)
    seed_all(derive(factory_seed(spec), "factory"))
    sys.argv = [spec["sweep"]]  # what argparse reads: those of a rank are not the user's
    try:
        return factory(**spec["params"])
    except SaturnError:
        raise
    except (Exception, SystemExit) as error:
        if is_out_of_memory(error):
            raise
        raise _failed(error, f"{spec['sweep']} raised") from error


def _require_parameters(factory: Callable[..., Any], spec: TaskSpec) -> None:
    signature = inspect.signature(factory)
    try:
        signature.bind(**spec["params"])
    except TypeError as error:
        raise SaturnError(
            "bad-parameters",
            f"{spec['name']} does not fit its function, {spec['sweep']}{signature}: {error}.",
            "Give values for the function's own parameters.",
        ) from None


def build_task(paths: SessionPaths, spec: TaskSpec) -> Task:
    """The task that a factory makes.

    Raises
    ------
    NeedsNative
        As its adapter.
    SaturnError
        As `load_factory` and `begin_warm`; ``bad-parameters`` when the factory lacks some;
        ``factory-failed`` when the factory raises, ``bad-task`` when what
        it returns cannot be trained; as `require_default_device`. Running out of memory is raised
        as it is.

    Notes
    -----
    The model is on the CPU: where it goes is for a technique to say.
    """
    with made_on_cpu():
        made = call_factory(paths, spec)
        require_default_device()
        try:
            task = adapt(made)
        except (SaturnError, NeedsNative):
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            raise _failed(error, f"What {spec['sweep']} returned cannot be taken over") from error
    _check(task, spec["sweep"])
    bring_to_cpu(task.model)
    begin_warm(paths, spec, task.model)
    return task  # type: ignore[no-any-return]


def total_steps(task: Task, spec: TaskSpec) -> int:
    """Optimizer steps of a task: the spec's wish before the factory's, steps before epochs."""
    if "steps" in spec:
        return int(spec["steps"])
    if "epochs" in spec:
        return _steps_of_epochs(task, spec["epochs"])
    return task.steps if task.steps is not None else _steps_of_epochs(task, task.epochs)


def steps_per_epoch(task: Task) -> int:
    """Optimizer steps in one pass over the data. Raises SaturnError as `EpochOrder`."""
    return EpochOrder(task, sample_count(task), seed=0).steps_per_epoch


def sample_count(task: Task) -> int:
    """Samples to train on."""
    return len(task.data)  # type: ignore[arg-type]


def held_out_sets(task: Task) -> dict[str, Any]:
    """The held-out datasets of a task, by what messages call them."""
    held_out = task.eval_data
    if isinstance(held_out, Mapping):
        return {f"eval_data[{name!r}]": data for name, data in held_out.items()}
    return {} if held_out is None else {"eval_data": held_out}


def _steps_of_epochs(task: Task, epochs: float) -> int:
    return max(1, round(epochs * steps_per_epoch(task)))


def _check(task: Any, name: str) -> None:
    if task is None:
        raise SaturnError(
            "bad-task",
            f"{name} returned nothing: a return at its end may be missing.",
            "Return the Task, the Trainer or what else is to train. A function that trains by "
            "itself is for: %%saturn task --native",
        )
    if not isinstance(task, Task):
        raise SaturnError(
            "bad-task",
            f"{name} returned a {type(task).__name__}, but a Task is needed to train anything.",
            "End the function with: return Task(model=..., data=..., loss=..., optimizer=..., "
            "batch_size=...), or return a Hugging Face Trainer or a LightningModule and its "
            "DataModule.",
        )
    if not isinstance(task.model, torch.nn.Module):
        raise SaturnError(
            "bad-task",
            f"The model is a {type(task.model).__name__}, not a torch.nn.Module.",
            "Give the Task a module whose forward takes the inputs.",
        )
    _check_data(task.data, "data")
    for role, data in held_out_sets(task).items():
        _check_data(data, role)
    _check_functions(task)
    _check_length(task)
    require_valid(task)


def _check_functions(task: Task) -> None:
    required = [("loss", task.loss), ("optimizer", task.optimizer)]
    optional = [("schedule", task.schedule), ("collate", task.collate)]
    given = required + [(role, part) for role, part in optional if part is not None]
    for role, part in given:
        if not callable(part) or isinstance(part, torch.optim.Optimizer):
            raise SaturnError(
                "bad-task",
                f"The {role} is a {type(part).__name__}, not a function.",
                "Pass the function itself, e.g. loss=nn.CrossEntropyLoss() and "
                "optimizer=partial(torch.optim.AdamW, lr=1e-3).",
            )
    metrics: Any = task.metrics
    by_name = isinstance(metrics, Mapping) and all(callable(each) for each in metrics.values())
    if not by_name and not callable(metrics):
        raise SaturnError(
            "bad-task",
            "The metrics are no functions by name.",
            'Pass e.g. metrics={"error": error}, with error(outputs, targets).',
        )


def _check_data(data: Any, role: str) -> None:
    sized = hasattr(data, "__len__") and hasattr(data, "__getitem__")
    if not sized or isinstance(data, IterableDataset):
        raise SaturnError(
            "bad-task",
            f"The {role} is a {type(data).__name__}, which has no length and no index.",
            "Pass a map-style dataset, such as torch.utils.data.TensorDataset.",
        )


def _check_length(task: Task) -> None:
    batch = task.batch_size
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise SaturnError(
            "bad-task",
            f"The batch_size is {batch!r}, but it must be a whole number of samples.",
            "Give the samples of one optimizer step, over all devices together.",
        )
    if batch > sample_count(task) and task.order is None and task.drop_last:
        raise SaturnError(
            "batch-too-large",
            f"A batch of {batch} samples is more than the {sample_count(task)} there are.",
            f"Use a batch_size of at most {sample_count(task)}.",
        )
    for role, data in held_out_sets(task).items():
        if len(data) == 0:
            raise SaturnError("bad-task", f"The {role} is empty.", "Leave it out, or fill it.")
    length: Any = task.steps if task.steps is not None else task.epochs
    if not isinstance(length, int | float) or not 0 < length < math.inf:
        raise SaturnError(
            "bad-task",
            f"A length of {length!r} leaves nothing to train.",
            "Give steps or epochs above 0.",
        )


def _failed(error: BaseException, what: str) -> SaturnError:
    failure = describe(error, "factory-failed")
    wrapped = SaturnError("factory-failed", f"{what}: {failure['message']}", _hint(error))
    wrapped.traceback = failure.get("traceback")
    return wrapped


def _hint(error: BaseException) -> str | None:
    """What to do about an error of the user's own code, where that is known."""
    if isinstance(error, SystemExit):
        return "It ends itself, as argparse does: what it printed is shown by %saturn log"
    unknown = re.search(
        r"Task\.__init__\(\) got an unexpected keyword argument '(\w+)'", str(error)
    )
    if unknown is None:
        return None
    names = [field.name for field in dataclasses.fields(Task)]
    close = difflib.get_close_matches(unknown[1], names, 1)
    return f"A Task has {close[0]}=..." if close else f"A Task has: {', '.join(names)}"


def _remember_source(factory: Any, source: str | None) -> None:
    """Let tracebacks show the lines of a notebook cell, whose file is not on this disk."""
    code = getattr(factory, "__code__", None)
    if code is None or source is None or linecache.getlines(code.co_filename):
        return
    shift = code.co_firstlineno - _first_line(source, code.co_name)
    lines = ["\n"] * max(0, shift) + source.splitlines(keepends=True)
    linecache.cache[code.co_filename] = (sum(map(len, lines)), None, lines, code.co_filename)


def _first_line(source: str, name: str) -> int:
    """The line, counted from 1, where a function's definition begins, decorators included."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return 1
    for statement in statements:
        if isinstance(statement, ast.FunctionDef) and statement.name == name:
            return min([statement.lineno, *(node.lineno for node in statement.decorator_list)])
    return 1
