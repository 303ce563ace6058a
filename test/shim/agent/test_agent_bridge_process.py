"""The agent's hold on a bridge, which is a small script here."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from jupyterlab_saturn.agent.bridge_process import BridgeProcess
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.whole_files import is_alive
from waiting import SECONDS, eventually

SCRIPT = """
import json, os, sys
task = json.loads(sys.stdin.readline())
address = task["request"]["ray"]["address"]
if address == "none:1":
    error = {"code": "no-such-cluster", "message": "There is none."}
    print(json.dumps({"state": "failed", "error": error}), flush=True)
    sys.exit()
if address == "auto":
    address = f"found:{os.getpid()}"
if address == "loud:1":
    print(os.getpid(), file=sys.stderr, flush=True)
    print("x" * (5 << 20), flush=True)
print("libraries print what they like", flush=True)
print(json.dumps({"state": "connected", "address": address,
    "nodes": [{"id": str(os.getpid()), "address": task["endpoint"]}]}), flush=True)
for line in sys.stdin:
    print(json.dumps({"state": "connected", "address": json.loads(line)["endpoint"]}), flush=True)
print(json.dumps({"state": "ended"}), flush=True)
"""

ONE: Json = {"ray": {"address": "one:1"}}
OTHER: Json = {"ray": {"address": "other:1"}}
AUTO: Json = {"ray": {"address": "auto"}}
NONE: Json = {"ray": {"address": "none:1"}}


def play(tmp_path: Path, act: Callable[[BridgeProcess, list[Json]], Awaitable[None]]) -> None:
    """Let something happen to a bridge that is ended afterwards."""
    script = tmp_path / "bridge.py"
    script.write_text(SCRIPT)

    async def work() -> None:
        said: list[Json] = []
        bridge = BridgeProcess(
            tmp_path,
            "node",
            "ipc:///one",
            tmp_path / "bridge.log",
            said.append,
            command=[sys.executable, str(script)],
            first_pause=0.05,
        )
        try:
            async with asyncio.timeout(SECONDS):
                await act(bridge, said)
        finally:
            await bridge.end()

    asyncio.run(work())


def states(said: list[Json]) -> list[str]:
    return [report["state"] for report in said]


def pid(report: Json) -> int:
    return int(report["nodes"][0]["id"])


def test_it_starts_tells_and_ends(tmp_path: Path) -> None:
    async def act(bridge: BridgeProcess, said: list[Json]) -> None:
        await bridge.start(ONE)
        await eventually(lambda: len(said) == 2)
        assert bridge.request == ONE
        await bridge.start(ONE)  # there is one: it is said again how it is
        assert said[2] == said[1]
        bridge.lead_to("ipc:///two")
        await eventually(lambda: len(said) == 4)
        assert said[3]["address"] == "ipc:///two"
        await bridge.stop()
        assert states(said) == ["starting", "connected", "connected", "connected", "ended"]
        assert bridge.request is None
        assert not is_alive(pid(said[1]))

    play(tmp_path, act)


def test_another_cluster_takes_its_place(tmp_path: Path) -> None:
    async def act(bridge: BridgeProcess, said: list[Json]) -> None:
        await bridge.start(ONE)
        await eventually(lambda: len(said) == 2)
        await bridge.start(OTHER)
        assert not is_alive(pid(said[1]))
        await eventually(lambda: len(said) == 4)
        assert states(said) == ["starting", "connected"] * 2
        assert said[3]["address"] == "other:1"

    play(tmp_path, act)


def test_one_that_dies_is_made_again(tmp_path: Path) -> None:
    half = tmp_path / "nodes" / "far" / "arriving" / "t-1" / "0a.part"

    async def act(bridge: BridgeProcess, said: list[Json]) -> None:
        await bridge.start(ONE)
        await eventually(lambda: len(said) == 2)
        half.parent.mkdir(parents=True)
        half.write_text("half")
        os.kill(pid(said[1]), signal.SIGKILL)
        await eventually(lambda: len(said) == 4)
        assert states(said) == ["starting", "connected", "failed", "connected"]
        assert said[2]["error"]["code"] == "bridge-died"
        assert pid(said[3]) != pid(said[1])
        # What it was to carry has not arrived, and its node may never be back.
        assert not half.exists()
        assert half.parents[2].exists()

    play(tmp_path, act)


def test_made_again_it_joins_the_cluster_that_was_found(tmp_path: Path) -> None:
    async def act(bridge: BridgeProcess, said: list[Json]) -> None:
        await bridge.start(AUTO)
        await eventually(lambda: len(said) == 2)
        os.kill(pid(said[1]), signal.SIGKILL)
        await eventually(lambda: len(said) == 4)
        assert said[3]["address"] == said[1]["address"] == f"found:{pid(said[1])}"
        assert bridge.request == AUTO
        await bridge.stop()
        await bridge.start(AUTO)  # asked again, it looks again
        await eventually(lambda: len(said) == 7)
        assert said[6]["address"] == f"found:{pid(said[6])}"

    play(tmp_path, act)


def test_what_fails_again_and_again_is_told_once(tmp_path: Path) -> None:
    async def act(bridge: BridgeProcess, said: list[Json]) -> None:
        await bridge.start(NONE)
        await eventually(lambda: len(said) == 2)
        await asyncio.sleep(0.5)  # it is tried some times meanwhile
        assert states(said) == ["starting", "failed"]
        assert said[1]["error"]["code"] == "no-such-cluster"
        await bridge.start(NONE)  # who asks again is answered again
        await eventually(lambda: len(said) == 4)
        assert states(said) == ["starting", "failed"] * 2
        log = tmp_path / "bridge.log"
        assert json.dumps(NONE) not in log.read_text()

    play(tmp_path, act)


def test_one_that_cannot_be_started_has_failed(tmp_path: Path) -> None:
    async def act(bridge: BridgeProcess, said: list[Json]) -> None:
        (tmp_path / "bridge.log").mkdir()
        await bridge.start(ONE)
        await eventually(lambda: len(said) == 2)
        assert states(said) == ["starting", "failed"]
        (tmp_path / "bridge.log").rmdir()
        await eventually(lambda: len(said) == 3)
        assert said[2]["state"] == "connected"

    play(tmp_path, act)


def test_one_that_says_too_much_is_ended_and_has_failed(tmp_path: Path) -> None:
    async def act(bridge: BridgeProcess, said: list[Json]) -> None:
        await bridge.start({"ray": {"address": "loud:1"}})
        await eventually(lambda: len(said) == 2)
        assert states(said) == ["starting", "failed"]
        loud = int((tmp_path / "bridge.log").read_text().split()[0])
        assert not is_alive(loud)

    play(tmp_path, act)
