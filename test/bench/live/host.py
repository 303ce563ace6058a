"""A session with sleeping tasks, driven by lines of JSON: what the bench of policies runs.

``host.py FOLDER DEVICES`` reads an order a line and answers each by a line; what changes in the
session meanwhile it tells by lines, too.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from pathlib import Path
from typing import Any

import cloudpickle
import psutil
from jupyterlab_saturn import Session, Task
from jupyterlab_saturn.errors import Json, SaturnError
from jupyterlab_saturn.wire import message

cloudpickle.register_pickle_by_value(sys.modules[__name__])

_TECHNIQUE = Path(__file__).with_name("sleeping.py")
_telling = threading.Lock()


def factory(speeds: dict[str, Json], steps: dict[str, int], ends: dict[str, int]) -> Any:
    """What builds a task of a name: a model of two numbers that says how long steps take.

    Parameters
    ----------
    speeds
        By task: seconds of a step by variant and number of devices.
    ends
        By task: the step from which it is no good any more. Until then each evaluation is better
        than all before, so that a rule which compares has nothing against it, whoever comes first.
    """

    def task(name: str) -> Task:
        import json
        import time
        from functools import partial

        import torch
        from torch import nn
        from torch.utils.data import TensorDataset

        class Verdict:
            def begin(self, step: int) -> None:
                self.step = step

            def batch(self, model: nn.Module, batch: Any, index: int) -> None:
                pass

            def end(self) -> dict[str, float]:
                return {"score": time.time() if self.step < ends[name] else float("nan")}

        model = nn.Linear(1, 1)
        # A plain text is part of what tells tasks of different speed apart.
        model.speeds = json.dumps(speeds[name], sort_keys=True)  # type: ignore[assignment]
        inputs = torch.linspace(-1, 1, 64).reshape(64, 1)
        data = TensorDataset(inputs, 2 * inputs + 1)
        return Task(
            model=model,
            data=data,
            loss=nn.functional.mse_loss,
            optimizer=partial(torch.optim.SGD, lr=0.1),
            batch_size=8,
            steps=steps[name],
            eval_data=data if name in ends else None,
            evaluation=Verdict() if name in ends else None,
        )

    return task


class Host:
    """Does what it is told to do with one session."""

    def __init__(self, folder: Path, devices: int) -> None:
        self._session = Session("live", folder / "home")
        self._connection = self._session.attachment.attach()
        self._outline: Any = None
        self._session.cluster(cpu=devices)
        self._session.techniques.define("sleeping", _TECHNIQUE.read_text("utf-8"))
        self._connection.listen(self._told, lambda: None)

    def add(
        self,
        speeds: dict[str, Json],
        steps: dict[str, int],
        ends: dict[str, int],
        rule: str | None,
    ) -> Json:
        """Add tasks, and wait until each was built once. The state then."""
        by = None if rule is None else "max:score"
        made = factory(speeds, steps, ends)
        self._session.add(made, {"name": list(speeds)}, by=by, stop=rule, wait=True)
        return self.state()

    def state(self) -> Json:
        """The session as the engine sees it."""
        state: Any = self._session.state
        return state

    def send(self, type: str, body: Json) -> None:
        """Send the engine a message of a client."""
        asked: Any = message("client", type, body)  # type: ignore[call-overload]
        self._connection.request(asked)

    def close(self) -> None:
        """End the session's processes."""
        folder = str(self._session.paths.folder)
        self._session.close()
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                command = process.cmdline()
                if "jupyterlab_saturn.agent" in command and folder in command:
                    process.terminate()
                    process.wait(30)

    def _told(self, state: Any, _: Any) -> None:
        """Tell a state in which something has changed besides the steps of tasks."""
        outline = [
            [(task["status"], len(task.get("attempts", []))) for task in state["tasks"]],
            len(state["trials"]),
            state["goal"],
            state["planning"],
            state.get("plan", {}).get("madeAt"),
            len(state["notices"]),
        ]
        if outline != self._outline:
            self._outline = outline
            tell({"state": state})


def tell(line: Json) -> None:
    """Write a line."""
    with _telling:
        sys.stdout.write(f"{json.dumps(line)}\n")
        sys.stdout.flush()


def main() -> None:
    host = Host(Path(sys.argv[1]), int(sys.argv[2]))
    try:
        tell({"answer": None})
        for line in sys.stdin:
            order, given = json.loads(line)
            try:
                tell({"answer": getattr(host, order)(**given)})
            except SaturnError as error:
                tell({"error": error.to_json()})
    finally:
        host.close()


if __name__ == "__main__":
    main()
