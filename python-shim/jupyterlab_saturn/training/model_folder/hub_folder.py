"""The folder of a trained model, as others can use it and as the Hub takes it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...private_folders import make_private
from ...whole_files import is_alive, require_room
from .model_card import model_card
from .training_facts import TrainingFacts

CARD, FACTS, WEIGHTS = "README.md", "training.json", "model.safetensors"
_TEMPORARY = re.compile(r"\.(\d+)\.tmp")


def write_hub_folder(
    folder: Path,
    source: Path,
    facts: TrainingFacts,
    convert: Callable[[Path, Path], object],
    *,
    spare: float = 1.0,
) -> None:
    """Make the folder anew: the model, a card and ``training.json``. The model stays as it is.

    What the task's own export wrote is in it under the same names, but for a card: libraries
    write one that is to be filled in. Of a plain state dict there is ``model.safetensors``. The
    folder appears whole; when it cannot be made there is none, not even one of another training.

    Parameters
    ----------
    source
        The model's file or folder.
    convert
        Writes a state dict's file as safetensors, at the second path.
    spare
        As of `require_room`.

    Raises
    ------
    SaturnError
        ``disk-full``.
    OSError
        When it cannot be written; and whatever `convert` raises.
    """
    making = folder.with_name(f"{folder.name}.{os.getpid()}.tmp")
    _remove_leftovers(folder)
    try:
        make_private(making)
        if source.is_dir():
            shutil.copytree(source, making, copy_function=_link, dirs_exist_ok=True)
        else:
            require_room(making, source.stat().st_size, "The model for others", spare=spare)
            convert(source, making / WEIGHTS)
        for name, text in ((FACTS, json.dumps(facts, indent=2)), (CARD, model_card(making, facts))):
            # It may be another name of a file of the model's.
            (making / name).unlink(missing_ok=True)
            (making / name).write_text(text, "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        making.replace(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(making, ignore_errors=True)


def is_folder_of(folder: Path, facts: TrainingFacts) -> bool:
    """Whether a folder is there, and says the same of what was trained and what came out."""
    try:
        told: Any = json.loads((folder / FACTS).read_text("utf-8"))
        return bool(_trained(told) == _trained(facts)) and (folder / CARD).exists()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _trained(facts: Any) -> list[Any]:
    result = facts["result"]
    return [facts["hash"], *(result[key] for key in ("task", "steps", "loss", "metrics"))]


def _link(source: str, target: str) -> None:
    """Another name of the same file, where the disk knows that."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed have left."""
    for path in folder.parent.glob(f"{folder.name}.*.tmp"):
        owner = _TEMPORARY.fullmatch(path.name.removeprefix(folder.name))
        if owner is not None and not is_alive(int(owner[1])):
            shutil.rmtree(path, ignore_errors=True)
