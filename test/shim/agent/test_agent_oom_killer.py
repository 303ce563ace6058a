"""What the system's out-of-memory killer did is read from our control group."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from fakes.bench import HERE, Json, session, task
from jupyterlab_saturn.agent.device_leases import DeviceLeases
from jupyterlab_saturn.agent.event_receiver import EventReceiver
from jupyterlab_saturn.agent.job_context import JobContext
from jupyterlab_saturn.agent.oom_killer import memory_kills
from jupyterlab_saturn.agent.rank_launcher import RankLauncher
from jupyterlab_saturn.agent.rank_surroundings import SurroundingsRegistry
from jupyterlab_saturn.agent.trial_job import TrialJob
from jupyterlab_saturn.paths import events_socket

V2 = "low 0\nhigh 0\nmax 12\noom 5\noom_kill 4\noom_group_kill 0\n"
V1 = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"


@pytest.mark.parametrize(
    ("groups", "file", "text", "count"),
    [
        ("0::/user.slice/me", "user.slice/me/memory.events", V2, 4),
        ("0::/../outside", "memory.events", V2, 4),
        ("4:memory:/jobs/7\n0::/", "memory/jobs/7/memory.oom_control", V1, 3),
        ("5:cpu:/a\n4:hugetlb,memory:/docker/7", "memory/memory.oom_control", V1, 3),
        ("4:memory:/jobs/7", "memory/jobs/7/memory.oom_control", "under_oom 0\n", None),
        ("0::/me", "cpu.stat", V2, None),
    ],
)
def test_the_count_of_our_group(
    tmp_path: Path, groups: str, file: str, text: str, count: int | None
) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(f"{groups}\n")
    place = tmp_path / "sys/fs/cgroup" / file
    place.parent.mkdir(parents=True)
    place.write_text(text)
    assert memory_kills(tmp_path) == count


def test_a_system_that_does_not_count(tmp_path: Path) -> None:
    assert memory_kills(tmp_path) is None


def test_a_trial_killed_for_memory_twice_has_failed_and_is_not_infeasible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = iter([7, 8, 8, 9])
    said: list[Json] = []
    complete = JobContext.group
    monkeypatch.setattr(
        JobContext,
        "group",
        lambda *args, **options: complete(*args, **options, kills=lambda: next(counts)),
    )

    async def main() -> None:
        with session() as (paths, _):
            paths.ensure_runtime()
            launcher = RankLauncher(
                paths.zygote_log,
                rank_command=[sys.executable, str(HERE / "rank.py")],
                zygote_command=[sys.executable, str(HERE / "zygote.py"), "ready"],
            )
            events = EventReceiver(events_socket(paths.runtime))
            place = JobContext(
                paths=paths,
                launcher=launcher,
                events=events,
                say=lambda message: said.append(message["body"]),
                leases=DeviceLeases(paths),
                surroundings=SurroundingsRegistry(paths, events),
            )
            device = {"id": "cpu0", "kind": "cpu", "name": "CPU", "memoryBytes": 1, "cores": [0]}
            body = {
                "trial": "x",
                "task": task(ranks="kill 9"),
                "signature": "s",
                "strategy": {"technique": "single", "devices": 1},
                "devices": ["cpu0"],
                "deadlineSeconds": 60,
            }
            await TrialJob(place, body, {"id": "here", "devices": [device]}).run()
            await launcher.close()
            events.close()

    asyncio.run(main())
    assert list(counts) == []
    [cell] = [body["cell"] for body in said]
    assert (cell["status"], cell["error"]["code"]) == ("failed", "host-out-of-memory")
