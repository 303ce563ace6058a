"""A run begins with what is inspected, through a real agent."""

from __future__ import annotations

import sys
from pathlib import Path

import cloudpickle
from jupyterlab_saturn import Session, Task
from stage import until
from test_story import home, lines, session, statuses  # noqa: F401

# As the functions of a notebook, those of this module travel by value.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def held_up(gate: str) -> Task:
    """As `lines`, but its factory does not come back before a file is there."""
    import time

    while not Path(gate).exists():
        time.sleep(0.05)
    return lines()


def test_what_is_inspected_trains_while_another_cell_is_built(
    session: Session,  # noqa: F811
    tmp_path: Path,
) -> None:
    gate = tmp_path / "gate"
    session.cluster(cpu=1)
    session.add(lines, {"lr": [0.1, 0.05]})
    session.add(held_up, {"gate": [str(gate)]})
    session.run()
    try:
        until(lambda: list(statuses(session.state).values())[:2] == ["finished"] * 2, 180)
        *first, slow = session.state["tasks"]
        assert slow["status"] == "inspecting"
        assert slow["attempts"] == []
        assert all("inspection" in task for task in first)
    finally:
        gate.touch()
    session.wait(check=True)
    assert set(statuses(session.state).values()) == {"finished"}
