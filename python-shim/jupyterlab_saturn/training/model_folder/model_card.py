"""The card of a model: what is known of it, and no word more. It asks no network."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .training_facts import TrainingFacts

if TYPE_CHECKING:
    from ...generated.wire_types import Argument

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+|[\w-]+")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]*/[A-Za-z0-9._-]+")
"""What YAML takes for nothing but a text."""
_NUMBERS = 6


def model_card(folder: Path, facts: TrainingFacts) -> str:
    """Markdown, with what the Hub reads of it.

    Parameters
    ----------
    folder
        With the model: its configuration says what it is made of.
    """
    return "\n".join([*_front_matter(folder), *_text(facts)]) + "\n"


def _front_matter(folder: Path) -> Iterator[str]:
    yield "---"
    library, base = _library(folder), _base_model(folder)
    if library is not None:
        yield f"library_name: {library}"
    if base is not None:
        yield f"base_model: {base if _PLAIN.fullmatch(base) else json.dumps(base)}"
    yield from ("tags:", "- jupyterlab-saturn", "---", "")


def _library(folder: Path) -> str | None:
    if (folder / "adapter_config.json").exists():
        return "peft"
    return "transformers" if (folder / "config.json").exists() else None


def _base_model(folder: Path) -> str | None:
    """What the weights began with, if its name is one that others know, too."""
    for file, key in (
        ("adapter_config.json", "base_model_name_or_path"),
        ("config.json", "_name_or_path"),
    ):
        try:
            name = json.loads((folder / file).read_text("utf-8")).get(key)
        except (OSError, ValueError):
            continue
        if isinstance(name, str) and _HUB_NAME.fullmatch(name) and not Path(name).exists():
            return name
    return None


def _text(facts: TrainingFacts) -> Iterator[str]:
    result = facts["result"]
    yield f"# {result['task']}"
    yield ""
    yield (
        "Trained by jupyterlab-saturn. Losses are those of a run on one device, to 1e-5 where its "
        "documentation promises it; how many devices there were changes nothing that is trained."
    )
    yield from _table(
        "Results",
        {
            "training loss": result["loss"],
            **result["metrics"],
            "weights of step": result["best_step"],
        },
    )
    yield from _table("Parameters", dict(result["params"]))
    yield from _table(
        "Training",
        {
            "steps": result["steps"],
            "samples of a step": facts["batch_size"],
            "samples of the data": facts["samples"],
            "seed": facts["seed"],
            "parameters of the model": facts["parameters"],
            "device-seconds": facts["device_seconds"],
            **facts["versions"],
        },
    )
    if facts["segments"]:
        yield from ("", "## How", "")
    for segment in facts["segments"]:
        technique = segment["strategy"]["technique"]
        count = segment["devices"]
        yield (
            f"- from step {segment['from_step']}: {technique} on {count} "
            f"device{'' if count == 1 else 's'}"
        )
    yield from ("", "`training.json` says all this for programs.")


def _table(title: str, values: dict[str, Argument | float | None]) -> Iterator[str]:
    known = {name: value for name, value in values.items() if value is not None}
    if known:
        yield from ("", f"## {title}", "", "| | |", "| --- | --- |")
    for name, value in known.items():
        shown = f"{value:.{_NUMBERS}g}" if isinstance(value, float) else json.dumps(value)
        yield f"| {_cell(name)} | {_cell(shown.strip(chr(34)))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
