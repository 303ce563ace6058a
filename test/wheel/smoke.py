"""A tiny session from an installed wheel: no source tree, no Node.js on the PATH, no network.

    python smoke.py

of a Python into which the wheel and what it depends on are installed, from anywhere.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
import tempfile
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

SWEEP = """%%saturn task --sweep lr=1e-1,1e-2 --steps 4
def line(lr):
    import torch
    from functools import partial
    from jupyterlab_saturn import Task
    x = torch.linspace(-1, 1, 32).unsqueeze(1)
    data = torch.utils.data.TensorDataset(x, 3 * x + 1)
    return Task(
        model=torch.nn.Linear(1, 1),
        data=data,
        loss=torch.nn.functional.mse_loss,
        optimizer=partial(torch.optim.SGD, lr=lr),
        batch_size=8,
    )
"""


def isolate(folder: Path) -> None:
    """Leave processes nothing but the environment's own programs, and no way out."""
    nowhere = "http://127.0.0.1:9"
    os.environ.update(
        PATH=sysconfig.get_path("scripts"),
        SATURN_HOME=str(folder / "sessions"),
        SATURN_CACHE=str(folder / "cache"),
        SATURN_IDLE_SECONDS="5",
        IPYTHONDIR=str(folder / "ipython"),
        http_proxy=nowhere,
        https_proxy=nowhere,
    )
    os.chdir(folder)


def check_parts() -> None:
    """What the wheel brings lies in the environment, where JupyterLab looks for its part."""
    import jupyterlab_saturn

    package = Path(jupyterlab_saturn.__file__).parent
    assert package == Path(sysconfig.get_path("purelib")) / "jupyterlab_saturn", package
    extension = Path(sys.prefix) / "share/jupyter/labextensions/jupyterlab-saturn"
    described = json.loads((extension / "package.json").read_text("utf-8"))
    assert (extension / described["jupyterlab"]["_build"]["load"]).is_file(), extension
    assert described["version"] == jupyterlab_saturn.__version__, described["version"]


def train() -> None:
    """A sweep of two tasks, from the magics to the weights."""
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))

    def cell(source: str) -> object:
        outcome = shell.run_cell(source)
        outcome.raise_error()
        return outcome.result

    for source in ("%load_ext jupyterlab_saturn", "%saturn cluster --cpu 1", SWEEP):
        cell(source)
    for source in ("%saturn run", "%saturn wait", "%saturn results"):
        cell(source)

    from jupyterlab_saturn import session

    rows = {row["task"]: row for row in session().results()}
    assert set(rows) == {"line-1e-1", "line-1e-2"}, rows
    for row in rows.values():
        assert row["steps"] == 4, row
        assert Path(row["model"]).is_file(), row


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="saturn-", ignore_cleanup_errors=True) as name:
        isolate(Path(name).resolve())
        check_parts()
        train()
        os.chdir("/")  # what IPython does at its end asks where it is
    print("The wheel works.")  # noqa: T201


if __name__ == "__main__":
    main()
