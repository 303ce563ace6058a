"""The folder of a trained model, for who gives it away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SaturnError
from ..paths import SessionPaths
from ..training.model_folder.hub_folder import is_folder_of, write_hub_folder
from .trained_task import facts_of

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState, TaskState

_CONVERTER = "jupyterlab_saturn.training.run.safetensors_file"
_MISSING = 3


def hub_folder(paths: SessionPaths, state: SessionState, task: TaskState) -> Path:
    """The folder that was made when a task ended; where it is missing, it is made now.

    So it is where there was no room for it, no safetensors, or another version trained.

    Raises
    ------
    SaturnError
        ``not-trained`` when it has no model; ``no-safetensors``; ``convert-failed``; ``disk-full``;
        ``cannot-write``.
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
    folder, facts = paths.hub_folder(name), facts_of(state, task)
    if is_folder_of(folder, facts):
        return folder
    try:
        write_hub_folder(folder, source, facts, _convert)
    except OSError as error:
        raise SaturnError(
            "cannot-write",
            f"The folder {folder} cannot be written: {error.strerror or error}.",
            "Make room, or see who may write there.",
        ) from error
    return folder


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
