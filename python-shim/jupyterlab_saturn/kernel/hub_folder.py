"""A trained model as a folder that others can use, and that the Hub takes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SaturnError
from ..paths import SessionPaths
from ..private_folders import make_private
from .model_card import model_card
from .training_facts import training_facts

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState, TaskState

_CONVERTER = "jupyterlab_saturn.training.run.safetensors_file"
_MISSING = 3


def hub_folder(paths: SessionPaths, state: SessionState, task: TaskState) -> Path:
    """Make the folder anew: the model, a card and ``training.json``. The model stays as it is.

    What the task's own export wrote is in it under the same names, but for a card: libraries
    write one that is to be filled in. Of a plain state dict there is ``model.safetensors``.

    Raises
    ------
    SaturnError
        ``not-trained`` when it has no model; ``no-safetensors``; ``convert-failed``; ``disk-full``
        and the like when it cannot be written.
    """
    name = task["spec"]["name"]
    model = task.get("result", {}).get("model") if task["status"] == "finished" else None
    source = None if model is None else paths.folder / model
    if source is None or not source.exists():
        raise SaturnError(
            "not-trained",
            f'"{name}" has no trained model.',
            "Train it first with %saturn run; %saturn results shows which are trained.",
        )
    folder = paths.hub_folder(name)
    making = folder.with_name(f"{folder.name}.{os.getpid()}.tmp")
    try:
        make_private(making)
        _put_model(source, making)
        facts = training_facts(state, task)
        (making / "training.json").write_text(json.dumps(facts, indent=2), "utf-8")
        (making / "README.md").unlink(missing_ok=True)
        (making / "README.md").write_text(model_card(making, facts), "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        making.replace(folder)
    except OSError as error:
        raise SaturnError(
            "cannot-write",
            f"The folder {folder} cannot be written: {error.strerror or error}.",
            "Make room, or see who may write there.",
        ) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def _put_model(source: Path, folder: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, folder, copy_function=_link, dirs_exist_ok=True)
    else:
        _convert(source, folder / "model.safetensors")


def _link(source: str, target: str) -> None:
    """Another name of the same file, where the disk knows that."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _convert(source: Path, target: Path) -> None:
    # PyTorch is not for the kernel.
    command = [sys.executable, "-P", "-m", _CONVERTER, str(source), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == _MISSING:
        raise SaturnError(
            "no-safetensors",
            "The model is a state dict of PyTorch's, and safetensors is not installed to write it "
            "as what others can open safely.",
            "Install it: %pip install safetensors",
        )
    if done.returncode != 0:
        error = SaturnError(
            "convert-failed", f"The weights in {source} cannot be written as safetensors."
        )
        error.traceback = done.stderr
        raise error
