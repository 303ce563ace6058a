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
        assert slow["status"] == "inspecting", slow
        assert slow["attempts"] == []
        assert all("inspection" in task for task in first)
    finally:
        gate.touch()
    session.wait(check=True)
    assert set(statuses(session.state).values()) == {"finished"}


def remembering(gate: str) -> Task:
    """As `held_up`, but its model starts where the last batch ended."""
    from dataclasses import replace
    from typing import Any

    import torch

    class Remembering(torch.nn.Linear):
        last = 0.0

        def forward(self, x: torch.Tensor) -> Any:
            out = super().forward(x) + self.last
            self.last = float(out.detach().mean())
            return out

    return replace(held_up(gate), model=Remembering(1, 1))


def test_what_one_device_needs_is_enough_to_begin_but_not_to_train_what_is_to_be_refused(
    session: Session,  # noqa: F811
    tmp_path: Path,
) -> None:
    gates = [tmp_path / name for name in ("one", "two", "three")]
    session.cluster(cpu=2)
    session.add(held_up, {"gate": [str(gate) for gate in gates]})
    session.add(remembering, {"gate": [str(gates[0])]})
    session.run()
    until(lambda: session.state["goal"] == "run", 60)
    for gate in gates:
        gate.touch()
    session.wait()
    *first, refused = session.state["tasks"]
    assert [task["status"] for task in first] == ["finished"] * 3, first
    assert (refused["status"], refused["error"]["code"]) == ("invalid", "hidden-state")
    assert refused["attempts"] == []
    assert '"partial":true' in (session.paths.folder / "journal.jsonl").read_text()
