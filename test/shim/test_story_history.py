"""Looking back at plans that were made anew, by magics and a real engine that trains."""

from __future__ import annotations

import pytest
from fakes.shell import Shell
from jupyterlab_saturn import Session
from jupyterlab_saturn.errors import SaturnError
from nightly import nightly
from test_story import home, lines, session
from waiting import until

__all__ = ["home", "session"]  # fixtures

ALONE = ["ddp", "fsdp", "offload", "pipeline", "tensor"]


@nightly
def test_each_plan_can_be_looked_at_as_it_was(session: Session, shell: Shell) -> None:
    session.cluster(cpu=2)
    session.add(lines, {"lr": [0.1, 0.05, 0.01], "pause": 0.02, "steps": 400})
    session.run(exclude=ALONE)

    def training() -> list[str]:
        return [
            task["spec"]["name"]
            for task in session.state["tasks"]
            if task["status"] == "running" and task["progress"]["step"] > 0
        ]

    first, _ = until(lambda: len(training()) == 2 and training())
    with pytest.raises(SaturnError) as none:
        session.plan_at(1)
    assert none.value.code == "unknown-plan"
    session.remove([first], yes=True)
    until(lambda: "replans" in session.state)
    replan = session.state["replans"][0]
    assert replan["number"] == 1
    assert [cause["kind"] for cause in replan["causes"]] == ["removed"]
    # What is gone now was there then, and is in the plan that training began with.
    assert shell.cell("%saturn plan --at 0") is None
    [text] = shell.texts()
    assert text.startswith("The plan as it was at ") and "3 tasks in " in text
    after = session.plan_at(1).text
    assert f"{first} was taken out" in after and "2 tasks in " in after
    assert "3 tasks in " in session.plan_at(replan["at"] - 0.001).text
    with pytest.raises(SaturnError) as early:
        session.plan_at("2026-01-01T00:00")
    assert early.value.code == "no-plan-then"
    assert "The first one was made at" in (early.value.hint or "")
    with pytest.raises(SaturnError) as late:
        session.plan_at("2099-01-01T00:00")
    assert late.value.code == "time-to-come"
    session.wait()
    told = session.status().text
    assert "Planned anew " in told and ": all took " in told
    assert "The first plan alone" not in told
    assert "All was over after " in told and "%saturn plan --at " in told
