"""How long it takes until ranks do something: a trial begins, a task goes on elsewhere."""

from __future__ import annotations

import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "shim"))
import cloudpickle
import ranks as shim
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from real_zygote import ZygoteClient, shared_zygote

cloudpickle.register_pickle_by_value(sys.modules[__name__])


_BUILD_SECONDS = 5.0
"""In which ranks that wait have built their task, on any machine."""


def sized(megabytes: int, mark: str) -> Task:
    """A task whose checkpoints take so much, with its optimizer's state.

    Parameters
    ----------
    mark
        File that tells when a rank made its first forward.
    """
    import time
    from functools import partial
    from pathlib import Path

    import torch
    from torch import nn
    from torch.utils.data import TensorDataset

    width = 512
    layers = max(1, megabytes * (1 << 20) // (3 * 4 * width * width))
    seen = False

    def loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        nonlocal seen
        if not seen and mark:
            seen = True
            with Path(mark).open("a") as file:
                file.write(f"{time.time()}\n")
        return nn.functional.mse_loss(outputs, targets)

    return Task(
        model=nn.Sequential(nn.Sequential(*(nn.Linear(width, width) for _ in range(layers)))),
        data=TensorDataset(torch.zeros(64, width), torch.zeros(64, width)),
        loss=loss,
        optimizer=partial(torch.optim.AdamW, lr=1e-3),
        batch_size=4,
        steps=1_000_000,
    )


class Cold(ZygoteClient):
    """Starts each rank in an interpreter of its own, as where nothing can be forked."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def spawn(self, identity: str, request: Path, rank: int, log: Path) -> int:
        command = [sys.executable, "-m", "jupyterlab_saturn.training.rank", str(request), str(rank)]
        with log.open("ab") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        self._processes[identity] = process
        return process.pid

    def wait(self, identity: str) -> int:
        return self._processes.pop(identity).wait()


def trial_starts(turns: int) -> dict[str, float]:
    """Seconds from the request of a trial to its first step, warm and cold, by turns."""
    session = shim.Session()
    try:
        found: dict[str, list[float]] = {"zygote": [], "cold": []}
        spec = session.spec(sized, megabytes=1, mark="")
        clients: dict[str, Any] = {"zygote": shared_zygote(), "cold": Cold()}
        for turn in range(turns + 1):
            for name, client in clients.items():
                job = {**session.train_job(spec, "single"), "kind": "trial", "signature": "s"}
                group = session.start({**job, "requestedAt": time.time()}, client)
                if set(group.wait()) != {0}:
                    raise RuntimeError(group.log)
                if turn > 0:  # the first fills the caches of the system
                    found[name].append(group.of("trial")[0]["cell"]["startSeconds"])
        return {name: statistics.median(times) for name, times in found.items()}
    finally:
        session.close()


def switch(megabytes: int, turns: int) -> dict[str, float]:
    """Seconds from the word to stop ddp to the first forward of fsdp, both on two devices.

    Without I/O, ranks are killed, and others begin anew: nothing is saved or loaded.
    """
    found: dict[str, list[float]] = {"with": [], "without": [], "save": []}
    for turn in range(turns + 1):
        for name in ("with", "without"):
            seconds, saved = _switch(megabytes, saves=name == "with")
            if turn > 0:
                found[name].append(seconds)
                if saved is not None:
                    found["save"].append(saved)
    return {name: statistics.median(times) for name, times in found.items()}


def prepared_switch(megabytes: int, turns: int) -> dict[str, float]:
    """Seconds of a switch from ddp to fsdp on two devices, whose ranks started meanwhile.

    From the last step of the old group to the first forward of the new one, beside saving and
    loading alone.
    """
    found: dict[str, list[float]] = {"whole": [], "save": [], "load": []}
    for turn in range(turns + 1):
        for name, seconds in _prepared_switch(megabytes).items():
            if turn > 0:
                found[name].append(seconds)
    return {name: statistics.median(times) for name, times in found.items()}


def _prepared_switch(megabytes: int) -> dict[str, float]:
    session = shim.Session()
    try:
        mark = session.paths.folder / "first-forward"
        spec = session.spec(sized, megabytes=megabytes, mark=str(mark))
        lasting: Json = {"steps": 1_000_000, "signature": "s"}
        old = session.train(spec, "ddp", 2, **lasting)
        old.until("measured")
        mark.unlink()
        new = session.train(spec, "fsdp", 2, held=True, **lasting)
        time.sleep(_BUILD_SECONDS)
        old.signal(signal.SIGTERM)
        old.wait()
        left = time.time()
        new.amend(held=False, requestedAt=left)
        started = new.until("started")["time"]
        new.until("step")
        new.signal(signal.SIGKILL)
        new.wait()
        save = old.of("measured")[-1]["cell"]["saveSeconds"]
        last_step = old.of("checkpoint")[-1]["time"] - save
        return {
            "whole": max(map(float, mark.read_text().split())) - last_step,
            "save": save,
            "load": started - left,
        }
    finally:
        session.close()


def _switch(megabytes: int, saves: bool) -> tuple[float, float | None]:
    session = shim.Session()
    try:
        mark = session.paths.folder / "first-forward"
        spec = session.spec(sized, megabytes=megabytes, mark=str(mark))
        lasting: Json = {"steps": 1_000_000}
        group = session.train(spec, "ddp", 2, **lasting)
        group.until("step")
        told = time.time()
        group.signal(signal.SIGTERM if saves else signal.SIGKILL)
        group.wait()
        saved = group.of("checkpoint")[-1]["time"] - told if saves else None
        mark.unlink()
        group = session.train(spec, "fsdp", 2, **lasting)
        resumed = group.until("started")["step"] > 0
        group.until("step")
        group.signal(signal.SIGKILL)
        group.wait()
        if resumed != saves:
            raise RuntimeError("the switch did not do what it was to do")
        return max(map(float, mark.read_text().split())) - told, saved
    finally:
        session.close()
