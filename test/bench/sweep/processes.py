"""Scripts of this folder as processes, which end with whoever waits for them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
_PATIENCE_SECONDS = 1800.0


def environment(folder: Path) -> dict[str, str]:
    """What the scripts see: this repository's package, a place for sockets, one thread each.

    Ray's workers step back behind whatever else a machine does, unless told otherwise: here all
    are as important.

    Parameters
    ----------
    folder
        Where that place is made. Its path is short: those of sockets hold about 100 bytes.
    """
    (folder / "run").mkdir(mode=0o700)
    shim = str(HERE.parents[2] / "python-shim")
    return {
        **os.environ,
        "PYTHONPATH": shim,
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "OMP_NUM_THREADS": "1",
        "RAY_worker_niceness": "0",
    }


def start(
    python: str, script: str, *arguments: object, env: dict[str, str]
) -> subprocess.Popen[str]:
    """Begin a script."""
    return subprocess.Popen(
        [python, str(HERE / script), *map(str, arguments)],
        env=env,
        cwd=HERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(processes: list[subprocess.Popen[str]]) -> list[str]:
    """Wait for scripts; what each has printed.

    Raises
    ------
    RuntimeError
        Where one of them fails.
    """
    try:
        told = [process.communicate(timeout=_PATIENCE_SECONDS) for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, errors) in zip(processes, told, strict=True):
        if process.returncode != 0:
            raise RuntimeError(f"{process.args} ended with {process.returncode}:\n{errors}")
    return [output for output, _ in told]
