"""What is wrong with tasks and wishes, told where it belongs: real agent, engine and ranks."""

from __future__ import annotations

from typing import Any

import pytest
from jupyterlab_saturn import Session, Task
from jupyterlab_saturn.errors import SaturnError
from nightly import nightly
from test_story import home, lines, session, statuses

__all__ = ["home", "session"]  # fixtures


@nightly
def test_a_value_that_makes_the_factory_raise(session: Session) -> None:
    def picky(kind: str) -> Task:
        if kind == "bad":
            raise ValueError("no such kind of model")
        return lines()

    session.cluster(cpu=1)
    view = session.add(picky, {"kind": ["good", "bad"]}, wait=True)
    assert statuses(session.state) == {"picky-good": "ready", "picky-bad": "invalid"}
    text = view.text
    assert "picky-bad" in text
    assert "no such kind of model" in text
    session.run()
    session.wait()
    assert statuses(session.state) == {"picky-good": "finished", "picky-bad": "invalid"}


def test_out_of_memory_is_infeasible_and_an_error_is_a_failure(session: Session) -> None:
    def hungry(need: str) -> Task:
        import dataclasses

        import torch
        from torch import nn

        class Hungry(nn.Module):
            def __init__(self, width: int) -> None:
                super().__init__()
                self.layer = nn.Linear(1, width)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                if need == "room":
                    torch.empty(2**30)
                return self.layer(x).sum(1, keepdim=True)

        class Senseless(torch.optim.SGD):
            steps = 0

            def step(self, closure: Any = None) -> Any:
                self.steps += 1
                # Not at once: an error of the first steps would be told before any trial.
                if self.steps > 5:
                    raise RuntimeError("this model cannot think")
                return super().step(closure)

        # Models of one shape would share one trial.
        task = dataclasses.replace(lines(), model=Hungry(len(need)))
        return dataclasses.replace(task, optimizer=Senseless) if need == "sense" else task

    session.cluster(cpu=1, memory="1GB")
    session.add(hungry, {"need": ["room", "sense", "little"]})
    session.run()
    session.wait()
    state = session.state
    cells = {
        task["spec"]["params"]["need"]: cell
        for task in state["tasks"]
        for cell in state["cells"]
        if cell["signature"] == task["inspection"]["signature"]
        and cell["strategy"] == {"technique": "single", "devices": 1}
    }
    assert {need: cell["status"] for need, cell in cells.items()} == {
        "room": "oom",
        "sense": "failed",
        "little": "ok",
    }
    assert "this model cannot think" in cells["sense"]["error"]["traceback"]
    reasons = {one["task"]: one["reason"] for one in state["plan"]["plan"]["unplanned"]}
    assert "out of memory" in reasons["hungry-room"]
    [sense] = [task for task in state["tasks"] if task["spec"]["name"] == "hungry-sense"]
    assert sense["status"] == "failed"
    assert "cannot think" in sense["error"]["message"]
    assert statuses(state)["hungry-little"] == "finished"


def test_zero_devices_and_wrong_names(session: Session) -> None:
    with pytest.raises(SaturnError) as refused:
        session.cluster(cpu=0)
    assert refused.value.hint
    session.cluster(cpu=1)
    with pytest.raises(SaturnError) as nothing:
        session.run()
    assert nothing.value.code == "no-tasks"
    with pytest.raises(SaturnError) as unknown:
        session.stop(["nobody"])
    assert unknown.value.code == "unknown-task"
