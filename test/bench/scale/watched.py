"""A session of many tasks, watched as by a kernel with its panel.

``watched.py FOLDER TASKS DEVICES SECONDS`` prints what it finds as a line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cloudpickle
import psutil
from jupyterlab_saturn import Session, Task, wire
from jupyterlab_saturn.kernel.comm_relay import Relay
from jupyterlab_saturn.kernel.progress import is_training
from jupyterlab_saturn.kernel.waiting import is_building

cloudpickle.register_pickle_by_value(sys.modules[__name__])

_HERE = Path(__file__).parent
_TECHNIQUE = _HERE.parent / "live" / "sleeping.py"
_STEPS = 4
_STEP_SECONDS = 0.05
#: Between two looks at the status, in seconds.
_LOOK = 3.0


def sleeping(rate: float) -> Task:
    """A model of two numbers, which says how long steps take; the rate makes no other of them."""
    import json
    from functools import partial

    import torch
    from torch import nn
    from torch.utils.data import TensorDataset

    model = nn.Linear(1, 1)
    model.speeds = json.dumps({"only": {"1": _STEP_SECONDS}})  # type: ignore[assignment]
    inputs = torch.linspace(-1, 1, 64).reshape(64, 1)
    return Task(
        model=model,
        data=TensorDataset(inputs, 2 * inputs + 1),
        loss=nn.functional.mse_loss,
        optimizer=partial(torch.optim.SGD, lr=rate),
        batch_size=8,
        steps=_STEPS,
    )


class Panel:
    """The other end of a comm that takes everything, and counts it."""

    comm_id = "panel"
    bytes = 0

    def on_msg(self, _: Any) -> None:
        """Nothing comes from here."""

    def on_close(self, _: Any) -> None:
        """Nor does it ever close."""

    def send(self, message: Any) -> None:
        self.bytes += len(json.dumps(message))


class Told:
    """Counts the bytes of states and changes that come in."""

    def __init__(self) -> None:
        self.bytes = 0
        self._decode = wire.decode
        wire.decode = self._counted  # type: ignore[assignment]

    def _counted(self, sender: Any, data: bytes) -> Any:
        message = self._decode(sender, data)
        if message["type"] in ("state", "change"):
            self.bytes += len(data)
        return message


class _Pause:
    """Whether so many seconds are over, or nothing trains any more."""

    def __init__(self, seconds: float) -> None:
        self._over = time.monotonic() + seconds

    def __call__(self, state: Any) -> bool:
        return time.monotonic() > self._over or not is_training(state)


class Watched:
    """One session, and what is found of it."""

    def __init__(self, folder: Path, devices: int) -> None:
        self._told = Told()
        self._session = Session("scale", folder / "home")
        self._session.cluster(cpu=devices)
        self._session.techniques.define("sleeping", _TECHNIQUE.read_text("utf-8"))
        self._panel = Panel()
        relay = Relay()
        relay.follow(self._session)
        relay._on_open(self._panel, {})
        self._others = [self._client(folder, "stopped"), self._client(folder, "slow")]
        self._others[0].send_signal(signal.SIGSTOP)

    def add(self, count: int) -> dict[str, Any]:
        """Make the tasks of a sweep, and wait until all of them are inspected."""
        begun = time.monotonic()
        self._session.add(sleeping, {"rate": [(at + 1) / (2 * count) for at in range(count)]})
        cell = time.monotonic() - begun
        connection = self._session.attachment.attach()
        connection.wait_for(lambda state: len(state["tasks"]) == count and not is_building(state))
        built = time.monotonic() - begun
        return {"cell": cell, "built": built, "state": len(json.dumps(connection.sync()))}

    def run(self, seconds: float) -> dict[str, Any]:
        """Train, and watch it until all is over or the time is."""
        connection = self._session.attachment.attach()
        told, panel = self._told.bytes, self._panel.bytes
        status: list[float] = []
        cpu, engine = 0.0, self._engine_bytes()
        begun = time.monotonic()
        self._session.run()
        while True:
            before = time.process_time()
            state = connection.wait_for(_Pause(_LOOK))
            cpu += time.process_time() - before
            asked = time.monotonic()
            self._session.status()
            status.append(time.monotonic() - asked)
            engine = max(engine, self._engine_bytes())
            if not is_training(state) or time.monotonic() - begun > seconds:
                break
        return {
            "seconds": time.monotonic() - begun,
            "trained": sum(task["status"] == "finished" for task in connection.sync()["tasks"]),
            "told": self._told.bytes - told,
            "panel": self._panel.bytes - panel,
            "cpu": cpu,
            "status": status,
            "engine": engine,
        }

    def close(self) -> None:
        """End the session's processes."""
        for other in self._others:
            other.kill()
            other.wait()
        self._session.close()
        for agent in self._processes("jupyterlab_saturn.agent"):
            agent.terminate()
            agent.wait(60)

    def _client(self, folder: Path, kind: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(_HERE / "troubled.py"), str(folder), kind]
        client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if client.stdout is None or not client.stdout.readline():
            raise RuntimeError(f"the {kind} client does not start")
        return client

    def _engine_bytes(self) -> int:
        return max(process.memory_info().rss for process in self._processes("engine.mjs"))

    def _processes(self, name: str) -> list[psutil.Process]:
        """Those of this session whose command line has a name in it."""
        folder = os.path.realpath(self._session.paths.folder)
        found = []
        for process in psutil.process_iter(["cmdline"]):
            line = " ".join(process.info["cmdline"] or ())
            if name in line and folder in line and process.pid != os.getpid():
                found.append(process)
        return found


def main() -> None:
    folder, count, devices, seconds = sys.argv[1:]
    watched = Watched(Path(folder), int(devices))
    try:
        found = {**watched.add(int(count)), **watched.run(float(seconds))}
        sys.stdout.write(f"{json.dumps(found)}\n")
    finally:
        watched.close()


if __name__ == "__main__":
    main()
