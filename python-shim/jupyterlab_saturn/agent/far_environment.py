"""The environment of an agent that a cluster's software starts: the user's, without that one's own.

Such software sets variables for its own workers, which every process that they start inherits: Ray
makes it one thread, hides GPUs from whoever has asked it for none, and has its debugger answer to
``breakpoint()``. Tasks see their notebook's variables, and no others, but for those of a machine.
Ray's workers are nice to others besides, at 15: ranks that are would get next to nothing of a busy
machine.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path

_log = logging.getLogger(__name__)

_NAMES = frozenset(
    {
        *("HOME", "HOSTNAME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ"),
        *("USER", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONNOUSERSITE"),
        *("REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE", "CURL_CA_BUNDLE"),
    }
)
_KINDS = re.compile(
    # Of the machine and its user; of where programs and GPUs are; of us.
    r"(LC|XDG|CONDA|CUDA|NVIDIA|SATURN"
    # Of libraries that tasks use, whose settings and keys are for them.
    r"|NCCL|OMP|MKL|OPENBLAS|KMP|TORCH|PYTORCH|HF|TRANSFORMERS|DATASETS|TOKENIZERS"
    r"|WANDB|MLFLOW|COMET|NEPTUNE|CLEARML|KAGGLE|AWS|GOOGLE|GCLOUD|AZURE)_\w+"
    r"|(https?|ftp|all|no)_proxy",
    re.IGNORECASE,
)
_SET_FOR_WORKERS = frozenset({"CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS"})
_OF_RAY = re.compile(r"/(site|dist)-packages/ray(/|$)|/runtime_resources/")


def far_environment(
    worker: Mapping[str, str], started: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What an agent gets of the environment of the process that starts it.

    Parameters
    ----------
    worker
        The environment of that process, which the cluster's software has set up.
    started
        That in which the software itself was started on this node, where it can be known: what it
        changes for its workers is taken from there, or not at all.
    """
    taken = {name: value for name, value in worker.items() if _is_the_users(name)}
    for name in _SET_FOR_WORKERS:
        taken.pop(name, None)
        if started is not None and name in started:
            taken[name] = started[name]
    path = [entry for entry in taken.get("PYTHONPATH", "").split(os.pathsep) if entry]
    kept = [entry for entry in path if not _OF_RAY.search(entry)]
    if kept:
        taken["PYTHONPATH"] = os.pathsep.join(kept)
    else:
        taken.pop("PYTHONPATH", None)
    return taken


def parents_environment() -> dict[str, str] | None:
    """What the parent of this process was started with; None where the system does not tell.

    Of a worker of Ray that is the node's raylet, which has the variables of ``ray start``.
    """
    try:
        text = os.fsdecode(Path(f"/proc/{os.getppid()}/environ").read_bytes())
    except OSError:
        return None
    return dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)


def restore_niceness(process: int) -> None:
    """Run what this process has just started as the parent of this process runs.

    Where the system lets this user be no less nice, it stays as it is, and the log says so.
    """
    with contextlib.suppress(ProcessLookupError):
        wanted = os.getpriority(os.PRIO_PROCESS, os.getppid())
        if wanted >= os.getpriority(os.PRIO_PROCESS, process):
            return
        try:
            os.setpriority(os.PRIO_PROCESS, process, wanted)
        except PermissionError:
            _log.warning(
                "What trains here gives way to all else on this machine, as Ray's workers do. "
                "Start Ray with RAY_worker_niceness=0 on this node."
            )


def _is_the_users(name: str) -> bool:
    return name in _NAMES or _KINDS.fullmatch(name) is not None
