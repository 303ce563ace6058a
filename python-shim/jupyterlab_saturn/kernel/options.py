"""The words `%saturn` understands, and how a line of them is read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import SaturnError
from .line_splitting import split_commas, unquoted

Kind = Literal["flag", "int", "number", "text", "list", "sweep"]


@dataclass(frozen=True)
class Option:
    """An option of a verb. `kind` says what follows it on the line."""

    name: str
    kind: Kind
    help: str
    example: str = ""


@dataclass(frozen=True)
class Verb:
    """Something `%saturn` does. `names` is what may stand without an option: tasks, a session."""

    name: str
    help: str
    example: str
    options: tuple[Option, ...] = ()
    names: str = ""
    is_cell: bool = False


_EXCLUDE = Option("--exclude", "list", "Techniques not to use; none lifts it.", "fsdp,ddp")
_EARLY = Option(
    "--early",
    "text",
    "All tasks reach this share of their steps, and are evaluated there, before any goes on.",
    "10%",
)

_TASK_WISHES = (
    Option("--deadline", "text", "To be done by then; none takes it back.", "18:30"),
    Option("--start", "text", "Not to start before; a time as for --deadline.", "+2h"),
    Option("--priority", "text", "How much an early end counts; else 1.", "3"),
    Option(
        "--pin",
        "text",
        "Where and how it has to run: technique, number of devices, node, device.",
        "technique=fsdp,devices=2",
    ),
)
_WISHES = (
    *_TASK_WISHES,
    Option("--at-most", "text", "So many tasks train at once.", "4"),
    Option("--device-hours", "text", "What all training from now on may take.", "12"),
    Option("--budget", "text", "What all training from now on may cost, by --price.", "30"),
    Option("--price", "text", "What a device costs an hour: of all nodes, or by node.", "n1=2.5"),
    Option(
        "--objective",
        "text",
        "What to make small: makespan, or weighted-completion as with priorities.",
        "makespan",
    ),
    Option("--keep-free", "text", "Devices to leave alone: how many, or their names.", "cuda0"),
)

VERBS = (
    Verb(
        "task",
        "Make tasks of the function this cell defines, one for each point of the sweep.",
        "%%saturn task --sweep model=mlp,cnn lr=1e-3,3e-3 --epochs 2",
        (
            Option(
                "--sweep",
                "sweep",
                "Parameters of the function and their values: numbers, True, False, None, texts "
                "(quoted where they hold commas) and lists. A list alone is the list of values, "
                "also one of the notebook: lr={rates}.",
                "lr=0.1,1 dims=[8,4],[8]",
            ),
            Option("--epochs", "number", "Passes over the data, instead of the Task's.", "2"),
            Option("--steps", "int", "Optimizer steps, instead of epochs.", "500"),
            Option("--seed", "int", "Seed of every task; 0 when absent.", "1"),
            Option(
                "--factory",
                "text",
                "The function, when it is not the cell's last; there need be no cell then: %saturn "
                "task --factory digits",
                "digits",
            ),
            Option("--best", "text", "What makes a model the better one.", "accuracy:max"),
            Option("--native", "flag", "The function trains by its own loop: run it as it is."),
            Option("--replace", "flag", "Put these in the place of tasks of the same names."),
            *_TASK_WISHES,
        ),
        is_cell=True,
    ),
    Verb(
        "cluster",
        "Choose the devices to train on; show them when no option is given.",
        "%saturn cluster --cpu 2 --memory 4GB",
        (
            Option("--cpu", "int", "So many virtual CPU devices.", "2"),
            Option("--memory", "text", "Memory limit of each virtual CPU device.", "4GB"),
            Option("--gpu", "text", "So many GPUs, or all.", "all"),
            Option("--auto", "flag", "The GPUs there are, else the CPU."),
        ),
    ),
    Verb(
        "check",
        "Show what can run each task on how many devices, what not and why. Trains nothing.",
        "%saturn check",
        names="tasks",
    ),
    Verb(
        "technique",
        "Train with techniques of your own: register one of a module, or define one in a cell "
        "that begins with %%saturn technique NAME; list, check or remove them.",
        "%saturn technique register mypackage.zero:Zero --name zero",
        (
            Option("--name", "text", "What register calls it: the name of the class.", "zero"),
            Option("--devices", "list", "Numbers of ranks that check tries.", "1,2,4"),
        ),
        names="technique",
        is_cell=True,
    ),
    Verb(
        "profile",
        "Measure a few steps of the tasks, under those strategies that could change the plan.",
        "%saturn profile",
        (
            Option("--force", "flag", "Measure again what is measured, also in earlier sessions."),
            Option("--full", "flag", "Measure every strategy."),
            _EXCLUDE,
            Option("--detach", "flag", "Return at once; measuring goes on."),
        ),
    ),
    Verb(
        "cache",
        "Show what is remembered of all measurements, for later sessions.",
        "%saturn cache --clear",
        (
            Option("--clear", "flag", "Forget the measurements of this session's tasks."),
            Option("--all", "flag", "With --clear: forget all measurements."),
        ),
    ),
    Verb(
        "plan",
        "Choose technique, devices and start of every task; measures first what is missing.",
        "%saturn plan --seconds 2 --exclude fsdp",
        (
            Option("--seconds", "number", "How long to search.", "2"),
            _EARLY,
            _EXCLUDE,
            Option("--use", "text", "Follow a plan of your own, in a file.", "plan.json"),
            *_WISHES,
        ),
    ),
    Verb(
        "run",
        "Train in the background, all tasks or those named; measures and plans what is missing.",
        "%saturn run",
        (
            _EARLY,
            _EXCLUDE,
            Option(
                "--switch",
                "text",
                "Whether tasks that train are moved: never, when news makes it pay (pays), or also "
                "where the plan says so beforehand (planned).",
                "never",
            ),
            *_WISHES,
        ),
        names="tasks",
    ),
    Verb(
        "wish",
        "Ask something of the plan, also while tasks train: of the tasks named, or of all; none "
        "takes it back.",
        "%saturn wish digits-mlp-32-1e-3 --deadline +2h",
        (
            Option("--clear", "flag", "First take back all that was asked, of the tasks named."),
            *_WISHES,
        ),
        names="tasks",
    ),
    Verb(
        "wait",
        "Wait until the training is over; an error when tasks failed, so that a notebook that runs "
        "by itself stops there.",
        "%saturn wait",
        (Option("--quiet", "flag", "No error when tasks failed."),),
    ),
    Verb(
        "log",
        "Show the end of what a task has printed: when it was built, and when it was last trained.",
        "%saturn log digits-mlp-32-1e-3",
        (Option("--lines", "int", "So many lines; 40 when absent.", "100"),),
        names="task",
    ),
    Verb("status", "Show in a table how far every task is now.", "%saturn status"),
    Verb("show", "Show the schedule, live: it follows what happens.", "%saturn show"),
    Verb("results", "Show the leaderboard.", "%saturn results"),
    Verb(
        "stop",
        "Save and stop, everything or the tasks named; the others go on, and have the devices.",
        "%saturn stop digits-mlp-32-1e-3",
        names="tasks",
    ),
    Verb(
        "resume",
        "Go on with tasks that were stopped, all or those named, beside what trains already.",
        "%saturn resume digits-mlp-32-1e-3",
        names="tasks",
    ),
    Verb(
        "retry",
        "Try again what failed, all or those named, beside what trains already.",
        "%saturn retry digits-mlp-32-1e-3",
        names="tasks",
    ),
    Verb(
        "clone",
        "Make a task of another one with other values, from scratch or from weights of that one.",
        "%saturn clone digits-mlp-32-1e-3 lr=1e-4 --from last --name mlp-slow",
        (
            Option("--name", "text", "Of the clone; made of the edits when absent.", "mlp-slow"),
            Option(
                "--from",
                "text",
                "Weights to begin with: scratch (the function's own, when absent too), those the "
                "task began with (start), saved last (last), evaluated best (best), or saved after "
                "so many steps. Optimizer, schedule and order of the data are new.",
                "last",
            ),
            Option("--epochs", "number", "Passes over the data; as of the task when absent.", "2"),
            Option("--steps", "int", "Optimizer steps, instead of epochs.", "500"),
            Option("--seed", "int", "Seed; that of the task when absent.", "1"),
        ),
        names="tasks",
    ),
    Verb(
        "remove",
        "Take tasks out, also while they train: at once, and without saving.",
        "%saturn remove digits-mlp-32-1e-3",
        names="tasks",
    ),
    Verb("reset", "Take out all tasks; what was measured is kept.", "%saturn reset"),
    Verb(
        "session",
        "Show the session, or go to another.",
        "%saturn session vision",
        names="session",
    ),
    Verb(
        "doctor",
        "Look at this machine, and train on it for a few seconds: what works, what does not, and "
        "what to do about it.",
        "%saturn doctor",
        (
            Option("--deep", "flag", "Try every technique, and faults, too: ten minutes."),
            Option("--json", "text", "Where the report for a bug report goes.", "doctor.json"),
        ),
    ),
    Verb("help", "Show this, or all about one verb.", "%saturn help plan", names="verb"),
)


@dataclass
class Arguments:
    """A line, read: options by name without dashes, and the words that belong to none."""

    options: dict[str, Any] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def find_verb(word: str) -> Verb:
    """The verb of a name. Raises SaturnError ``unknown-verb`` with the closest one."""
    for verb in VERBS:
        if verb.name == word:
            return verb
    raise SaturnError(
        "unknown-verb",
        f"%saturn has no verb {word!r}.",
        _closest(word, [verb.name for verb in VERBS], "All verbs: %saturn help"),
    )


def parse(verb: Verb, words: Iterable[str]) -> Arguments:
    """Read what follows a verb. Raises SaturnError ``unknown-option`` or ``bad-option``."""
    arguments = Arguments()
    option: Option | None = None
    values: list[str] = []
    for word in words:
        if word.startswith("--"):
            _store(arguments, option, values)
            name, equals, value = word.partition("=")
            option, values = _find_option(verb, name), [value] if equals else []
        elif option is not None and _takes_more(option, values):
            values.append(word)
        elif verb.names:
            arguments.names.append(unquoted(word) or word)
        else:
            raise SaturnError(
                "bad-option",
                f"%saturn {verb.name} does not understand {word!r}.",
                "A task is named after its function, and after the point of its sweep: leave "
                f"{word!r} out."
                if verb.name == "task" and word.isidentifier()
                else f"Write it like: {verb.example}",
            )
    _store(arguments, option, values)
    return arguments


def _find_option(verb: Verb, name: str) -> Option:
    for option in verb.options:
        if option.name == name:
            return option
    raise SaturnError(
        "unknown-option",
        f"%saturn {verb.name} has no option {name!r}.",
        _closest(
            name, [option.name for option in verb.options], f"Its options: %saturn help {verb.name}"
        ),
    )


def _takes_more(option: Option, values: list[str]) -> bool:
    if option.kind == "flag":
        return False
    return option.kind == "sweep" or not values


def _store(arguments: Arguments, option: Option | None, values: list[str]) -> None:
    if option is None:
        return
    name = option.name.removeprefix("--")
    if name in arguments.options:
        raise SaturnError("bad-option", f"{option.name} is there twice.", "Write it once.")
    arguments.options[name] = _read(option, values)


def _read(option: Option, values: list[str]) -> Any:
    if option.kind == "flag":
        if values:
            raise _bad(option, values[0])
        return True
    if option.kind == "sweep":
        return values
    if not values or not values[0]:
        raise _bad(option, "")
    text = unquoted(values[0]) or values[0]
    if option.kind == "list":
        parts = split_commas(text)
        if not all(parts):
            raise _bad(option, text)
        return parts
    try:
        return {"int": int, "number": float, "text": str}[option.kind](text)
    except ValueError:
        raise _bad(option, text) from None


def _bad(option: Option, text: str) -> SaturnError:
    usage = f"{option.name} {option.example}".strip()
    if not text:
        return SaturnError("bad-option", f"{option.name} has no value.", f"Write e.g. {usage}")
    return SaturnError("bad-option", f"{option.name} cannot be {text!r}.", f"Write e.g. {usage}")


def _closest(word: str, known: list[str], otherwise: str) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"Did you mean {near[0]}? {otherwise}" if near else otherwise
