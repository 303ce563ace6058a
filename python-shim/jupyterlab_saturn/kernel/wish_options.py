"""Options by which something is asked of the plan, of several verbs alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from .verb import Option
from .wishes import SESSION_WISHES, TASK_WISHES, Wishes

EXCLUDE = Option("--exclude", "list", "Techniques not to use; none lifts it.", "fsdp,ddp")
EARLY = Option(
    "--early",
    "text",
    "All tasks reach this share of their steps, and are evaluated there, before any goes on.",
    "10%",
)

#: Of one task.
TASK_OPTIONS = (
    Option("--deadline", "text", "To be done by then; none takes it back.", "18:30"),
    Option("--start", "text", "Not to start before; a time as for --deadline.", "+2h"),
    Option("--priority", "text", "How much an early end counts; else 1.", "3"),
    Option(
        "--pin",
        "text",
        "Where and how it has to run: technique, number of devices, node, device; or a strategy as "
        'the plan says it: "strategy=fsdp x2 reshard=false".',
        "technique=fsdp,devices=2",
    ),
)
#: Of a task, and of the plan as a whole.
WISH_OPTIONS = (
    *TASK_OPTIONS,
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
    Option(
        "--span",
        "text",
        "A task may train over so many nodes: its ranks then meet on the network between them, "
        "open to whoever reaches it.",
        "2",
    ),
    Option(
        "--fuse",
        "text",
        "Whether adapters of one frozen model may be trained in one run, where that is faster: "
        "auto or never.",
        "never",
    ),
)


def wishes_of(options: Mapping[str, Any]) -> Wishes:
    """The options that ask something of the plan, as keywords."""
    words = {name.replace("-", "_"): value for name, value in options.items()}
    known = {*TASK_WISHES, *SESSION_WISHES}
    return cast(Wishes, {word: value for word, value in words.items() if word in known})


def excluded_by(options: Mapping[str, Any]) -> list[str] | None:
    """Techniques that are not to be used: none for `--exclude none`, None where it is not there."""
    names: list[str] | None = options.get("exclude")
    return [] if names == ["none"] else names
