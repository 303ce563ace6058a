"""Two sessions of a user that want the same device: real agents, engines, planners and ranks."""

from __future__ import annotations

from pathlib import Path

from nightly import nightly
from test_story import home, lines, opened, statuses
from waiting import until

__all__ = ["home"]  # a fixture

ALONE = ["ddp", "fsdp", "offload", "pipeline", "tensor"]


@nightly
def test_a_run_waits_for_a_device_of_another_session_and_goes_on_by_itself(home: Path) -> None:
    with opened("owner", home) as owner, opened("guest", home) as guest:
        for session in (owner, guest):
            session.cluster(cpu=1)
        owner.add(lines, {"lr": [0.1], "pause": 0.03, "steps": 3000})
        owner.run(exclude=ALONE)
        until(lambda: "running" in statuses(owner.state).values())
        guest.add(lines, {"lr": [0.05], "steps": 20})
        guest.run(exclude=ALONE)
        until(lambda: guest.state.get("excludedDevices"))
        text = guest.status().text
        assert "waiting for cpu0, in use elsewhere" in text
        assert f"session 'owner' in {owner.paths.folder} (process " in text
        assert guest.state["goal"] == "run"
        owner.stop()
        guest.wait()
        assert set(statuses(guest.state).values()) == {"finished"}
        assert guest.state["notices"] == []
