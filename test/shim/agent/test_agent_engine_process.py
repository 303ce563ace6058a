from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from fakes.bench import HERE, assert_gone, living, session
from jupyterlab_saturn.agent.engine_lock import EngineLock
from jupyterlab_saturn.agent.engine_process import (
    EngineProcess,
    engine_bundle,
    engine_command,
    idle_seconds,
)
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.paths import SessionPaths
from waiting import until

SITS = [sys.executable, "-S", str(HERE / "idle_engine.py")]


class Engine(EngineProcess):
    """An engine whose starts and ends are counted."""

    def __init__(self, command: list[str], log: Path, patience: float = 60.0) -> None:
        self.starts: list[int | None] = []
        self.deaths = 0
        super().__init__(
            command,
            "ipc:///nowhere",
            log,
            EngineLock(log.with_name("engine.lock"), patience),
            started=self._start,
            died=self._death,
            first_delay=0.01,
        )

    def _start(self) -> None:
        self.starts.append(self.pid)

    def _death(self) -> None:
        self.deaths += 1


def test_a_dead_engine_is_restarted_and_the_last_one_ended() -> None:
    async def main() -> None:
        with session() as (paths, token):
            engine = Engine(SITS, paths.engine_log)
            supervision = asyncio.create_task(engine.supervise())
            for life in range(3):
                while len(engine.starts) == life:
                    await asyncio.sleep(0.01)
                pid = engine.pid
                assert pid is not None
                if life < 2:
                    os.kill(pid, signal.SIGKILL)
            supervision.cancel()
            with pytest.raises(asyncio.CancelledError):
                await supervision
            assert (len(set(engine.starts)), engine.deaths, engine.pid) == (3, 3, None)
            assert living(token) == []

    asyncio.run(main())


def test_this_engine_and_those_to_come_listen_where_they_are_told() -> None:
    async def main() -> None:
        with session() as (paths, token):
            engine = Engine(SITS, paths.engine_log)
            supervision = asyncio.create_task(engine.supervise())
            while not engine.starts:
                await asyncio.sleep(0.01)
            assert living(token, "--endpoint ipc:///nowhere")
            engine.listen_at("ipc:///elsewhere")
            while "ipc:///elsewhere" not in paths.engine_log.read_text():
                await asyncio.sleep(0.01)
            assert len(engine.starts) == 1 and engine.pid is not None
            os.kill(engine.pid, signal.SIGKILL)
            while len(engine.starts) < 2:
                await asyncio.sleep(0.01)
            assert living(token, "--endpoint ipc:///elsewhere")
            supervision.cancel()
            await asyncio.gather(supervision, return_exceptions=True)

    asyncio.run(main())


def test_an_engine_that_keeps_dying_is_given_up_with_its_log() -> None:
    async def main() -> None:
        with session() as (paths, _):
            command = ["/bin/sh", "-c", "echo cannot open the journal >&2; exit 3"]
            engine = Engine(command, paths.engine_log)
            with pytest.raises(SaturnError, match="5 times within a minute") as caught:
                await engine.supervise()
            assert caught.value.code == "engine-dies"
            assert "code 3" in caught.value.message
            assert caught.value.traceback is not None
            assert caught.value.traceback.splitlines() == ["cannot open the journal"] * 5
            assert engine.deaths == 5

    asyncio.run(main())


def test_an_engine_that_cannot_open_the_session_is_not_started_again() -> None:
    words = '{"code": "other-version", "message": "It is of 3.0.", "hint": "Take that."}'

    async def main() -> None:
        with session() as (paths, _):
            engine = Engine(["/bin/sh", "-c", f"echo '{words}' >&2; exit 65"], paths.engine_log)
            with pytest.raises(SaturnError) as caught:
                await engine.supervise()
            assert (caught.value.code, caught.value.message) == ("other-version", "It is of 3.0.")
            assert engine.deaths == 1

    asyncio.run(main())


def test_deaths_far_apart_are_forgiven() -> None:
    async def main() -> None:
        with session() as (paths, _):
            now = 0.0

            def clock() -> float:
                nonlocal now
                now += 20.0
                return now

            starts: list[None] = []
            engine = EngineProcess(
                ["/bin/true"],
                "ipc:///nowhere",
                paths.engine_log,
                EngineLock(paths.engine_lock),
                started=lambda: starts.append(None),
                died=lambda: None,
                first_delay=0.001,
                clock=clock,
            )
            supervision = asyncio.create_task(engine.supervise())
            while len(starts) < 8:
                await asyncio.sleep(0.01)
            assert not supervision.done()
            supervision.cancel()
            await asyncio.gather(supervision, return_exceptions=True)

    asyncio.run(main())


def test_an_engine_that_cannot_be_started_is_explained() -> None:
    async def main() -> None:
        with session() as (paths, _), pytest.raises(SaturnError) as caught:
            await Engine(["/nowhere/node"], paths.engine_log).supervise()
        assert caught.value.code == "cannot-start"

    asyncio.run(main())


def hold(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """A process that runs an engine, as an agent does."""
    code = (
        "import asyncio, sys; from pathlib import Path;"
        "from jupyterlab_saturn.agent.engine_lock import EngineLock;"
        "from jupyterlab_saturn.agent.engine_process import EngineProcess;"
        "log = Path(sys.argv[1]); lock = EngineLock(log.with_name('engine.lock'));"
        f"engine = EngineProcess({command!r}, 'ipc://x', log, lock, started=int, died=int);"
        "asyncio.run(engine.supervise())"
    )
    return subprocess.Popen([sys.executable, "-c", code, str(log)])


def test_the_engine_sees_the_end_of_whoever_holds_its_input() -> None:
    with session() as (paths, token):
        holder = hold(SITS, paths.engine_log)
        until(lambda: living(token, "idle_engine.py"))
        holder.kill()
        holder.wait()
        assert_gone(token)


@pytest.mark.parametrize("leaves", [True, False])
def test_the_engine_that_a_killed_agent_left_is_waited_for_and_ended_if_it_stays(
    leaves: bool,
) -> None:
    async def main() -> None:
        with session() as (paths, token):
            slow = f"import sys, time; sys.stdin.read(); time.sleep({0.5 if leaves else 300})"
            holder = hold([sys.executable, "-S", "-c", slow], paths.engine_log)
            until(lambda: paths.engine_lock.exists() and paths.engine_lock.read_text())
            left = psutil.Process(int(paths.engine_lock.read_text()))
            holder.kill()
            holder.wait()
            engine = Engine(SITS, paths.engine_log, patience=60.0 if leaves else 0.3)
            supervision = asyncio.create_task(engine.supervise())
            while not living(token, "idle_engine.py"):
                await asyncio.sleep(0.01)
            assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE
            while not engine.starts:
                await asyncio.sleep(0.01)
            assert int(paths.engine_lock.read_text()) == engine.pid
            supervision.cancel()
            await asyncio.gather(supervision, return_exceptions=True)
            assert paths.engine_lock.read_text() == ""

    asyncio.run(main())


def test_a_process_that_only_has_the_number_of_an_engine_elsewhere_is_spared(
    tmp_path: Path,
) -> None:
    """As of one on another machine, where folders are shared."""

    async def main() -> None:
        path = tmp_path / "engine.lock"
        with path.open("w") as held, subprocess.Popen(["sleep", "300"]) as other:
            fcntl.flock(held, fcntl.LOCK_EX)
            path.write_text(str(other.pid))
            lock = EngineLock(path, patience=0.1)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(lock.acquire(), 1)
            assert other.poll() is None
            fcntl.flock(held, fcntl.LOCK_UN)
            await lock.acquire()
            lock.release()
            other.kill()

    asyncio.run(main())


def test_the_command_names_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SATURN_ENGINE", str(HERE / "idle_engine.mjs"))
    monkeypatch.setenv("SATURN_IDLE_SECONDS", "7.5")
    paths = SessionPaths("mine", tmp_path)
    node, bundle, *options = engine_command(paths)
    assert Path(node).name.startswith("node") and bundle == str(HERE / "idle_engine.mjs")
    assert dict(zip(options[::2], options[1::2], strict=True)) == {
        "--session": "mine",
        "--folder": str(tmp_path / "mine"),
        "--journal": str(paths.journal),
        "--idle-seconds": "7.5",
    }


def test_a_missing_bundle_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SATURN_ENGINE", str(tmp_path / "idle_engine.mjs"))
    with pytest.raises(SaturnError) as caught:
        engine_bundle()
    assert caught.value.code == "no-engine"
    assert caught.value.hint is not None and "build" in caught.value.hint


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf"])
def test_idle_seconds_must_be_seconds(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SATURN_IDLE_SECONDS", text)
    with pytest.raises(SaturnError, match="no number of seconds"):
        idle_seconds()


def test_idle_seconds_have_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SATURN_IDLE_SECONDS", raising=False)
    assert idle_seconds() == 120
