"""Children of the agent: each leaves, one way or another."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from jupyterlab_saturn.agent.child_process import end_child, start_child

LEAVES = "import sys; sys.stdin.read()"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True)"
ENDLESS = "while True: print(2, flush=True)"
ASKED = "import time; print(1, flush=True); time.sleep(600)"


@pytest.mark.parametrize(
    ("program", "terminates", "code"),
    [
        (LEAVES, False, 0),
        (f"print((1 << 24) * 'x'); {LEAVES}", False, 0),
        (ASKED, True, -signal.SIGTERM),
        (ASKED, False, -signal.SIGKILL),
        (f"{DEAF}; time.sleep(600)", True, -signal.SIGKILL),
        (f"{DEAF}\n{ENDLESS}", True, -signal.SIGKILL),
    ],
)
def test_it_is_gone_by_its_own_will_or_by_force(
    tmp_path: Path, program: str, terminates: bool, code: int
) -> None:
    async def play() -> int | None:
        process = await start_child((sys.executable, "-c", program), tmp_path / "log")
        if "1, flush" in program:
            assert process.stdout is not None
            await process.stdout.readline()
        patience = 30.0 if code == 0 else 0.1
        await end_child(process, patience, terminates=terminates)
        return process.returncode

    assert asyncio.run(play()) == code


def test_it_is_killed_when_nobody_waits_any_longer(tmp_path: Path) -> None:
    async def play() -> int | None:
        process = await start_child((sys.executable, "-c", ASKED), tmp_path / "log")
        ending = asyncio.create_task(end_child(process, 600))
        await asyncio.sleep(0.01)
        ending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ending
        return process.returncode

    assert asyncio.run(play()) == -signal.SIGKILL
