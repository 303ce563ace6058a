"""The folder of sockets is removed while tasks train, and an agent dies just before a request."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from jupyterlab_saturn import Session, Task
from jupyterlab_saturn.agent.agent_lock import read_status
from nightly import nightly
from test_story import home, lines, named, opened, running, session, statuses
from waiting import until

__all__ = ["home", "session"]  # fixtures

cloudpickle.register_pickle_by_value(sys.modules[__name__])


OTHERS = ["ddp", "fsdp", "offload", "pipeline", "tensor"]


def halting(lr: float, halt: str) -> Task:
    """A line to fit, whose training halts as long as there is a file."""
    import dataclasses
    import time
    from pathlib import Path

    task = lines(lr, pause=0.02, steps=400)

    def collate(samples: list[Any]) -> Any:
        while Path(halt).exists():
            time.sleep(0.01)
        return task.collate(samples)

    return dataclasses.replace(task, collate=collate)


@pytest.mark.timeout(240)
def test_the_run_goes_on_and_others_find_it(session: Session, home: Path, tmp_path: Path) -> None:
    halt = tmp_path / "halt"
    session.cluster(cpu=1)
    session.add(halting, {"lr": [0.1], "halt": str(halt)})
    session.run(exclude=OTHERS)
    until(lambda: running(session), 120)
    halt.touch()
    runtime = session.paths.runtime
    engines = [one.pid for one in named("engine.mjs", session)]
    shutil.rmtree(runtime.parent)
    until(lambda: (runtime / "engine.sock").exists() and (runtime / "events.sock").exists())
    # Who is connected stays so, and a kernel that comes finds the same session.
    assert "running" in statuses(session.state).values()
    other = Session("story", home)
    assert "running" in statuses(other.state).values()
    other.close()
    with opened("second", home) as second:
        second.cluster(cpu=1)
        second.add(lines, {"lr": [0.1]})
        second.run(exclude=OTHERS)
        busy: Any = until(lambda: second.state.get("excludedDevices"), 120)
        assert {one["error"]["code"] for one in busy} == {"device-busy"}
        assert str(session.paths.folder) in busy[0]["error"]["message"]
        second.stop()
    halt.unlink()
    session.wait()
    state = session.state
    assert set(statuses(state).values()) == {"finished"}
    assert [len(task["attempts"]) for task in state["tasks"]] == [1]
    assert [one.pid for one in named("engine.mjs", session)] == engines


@pytest.mark.timeout(300)
@nightly
def test_the_first_run_after_the_death_of_the_agent(session: Session) -> None:
    session.cluster(cpu=2)
    session.add(lines, {"lr": [0.1], "pause": 0.01})
    for steps in (30, 40):
        status = read_status(session.paths)
        assert status is not None
        os.kill(status["pid"], signal.SIGKILL)
        session.run(exclude=OTHERS)
        session.wait()
        assert set(statuses(session.state).values()) == {"finished"}
        session.add(lines, {"lr": [0.1], "pause": 0.01, "steps": steps + 10}, replace=True)
