"""The processes that tell trackers: kept while they are wanted, with keys that nobody else has."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyterlab_saturn.agent import exporters as module
from jupyterlab_saturn.agent.exporters import Exporters
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.paths import SessionPaths
from waiting import SECONDS

ECHO = """
import json, os, sys
task = json.loads(sys.stdin.readline())
def say(state, **more):
    print(json.dumps({"tracker": task["wish"]["tracker"], "state": state, "runs": os.getpid(),
                      "steps": 0, "place": os.environ.get("WANDB_API_KEY", "none")}), flush=True)
say("telling")
for line in sys.stdin:
    if json.loads(line) == "end":
        say("told")
        sys.exit(0)
    if json.loads(line) == "nonsense":
        print('{"state": 1}', flush=True)
    if json.loads(line) == "much":
        error = {"code": "tracker-failed", "message": 100_000 * "x"}
        print(json.dumps({"tracker": task["wish"]["tracker"], "state": "failing", "runs": 0,
                          "steps": 0, "error": error}), flush=True)
    if json.loads(line) == "endless":
        print((1 << 26) * "x", flush=True)
"""


class Said:
    """What exporters have reported; `runs` is their process id here, `place` the key they have."""

    def __init__(self) -> None:
        self.reports: list[Json] = []
        self._others = {*psutil.Process().children(recursive=True)}

    def children(self) -> set[psutil.Process]:
        """Exporters that are there; other tests may have left processes of their own."""
        return {*psutil.Process().children(recursive=True)} - self._others

    async def find(self, **wanted: Any) -> Json:
        """The next report like this; those before it are dropped."""
        async with asyncio.timeout(SECONDS):
            while True:
                while self.reports:
                    report = self.reports.pop(0)
                    if wanted.items() <= report.items():
                        return report
                await asyncio.sleep(0.01)


@asynccontextmanager
async def exporting(folder: Path) -> AsyncIterator[tuple[Exporters, Said]]:
    said = Said()
    paths = SessionPaths("s", folder).ensure()
    command = (sys.executable, "-c", ECHO)
    exporters = Exporters(paths, "first", said.reports.append, command=command)
    try:
        yield exporters, said
    finally:
        await exporters.end()
        assert not said.children()


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr(module, "_LATE_SECONDS", 0.0)


TENSORBOARD: Any = {"tracker": "tensorboard"}
WANDB: Any = {"tracker": "wandb", "secrets": ["WANDB_API_KEY"]}


def test_one_that_is_killed_is_made_again_and_no_other_is_touched(tmp_path: Path) -> None:
    async def play() -> None:
        async with exporting(tmp_path) as (exporters, said):
            await exporters.set({"trackers": [TENSORBOARD, {"tracker": "trackio"}]})
            first = await said.find(tracker="tensorboard", state="telling")
            os.kill(first["runs"], signal.SIGKILL)
            lost = await said.find(tracker="tensorboard", state="failing")
            assert lost["error"]["code"] == "exporter-died"
            second = await said.find(tracker="tensorboard", state="telling")
            assert second["runs"] != first["runs"]
            await exporters.set({"trackers": [TENSORBOARD, {"tracker": "trackio"}]})
            assert (await said.find(tracker="tensorboard"))["runs"] == second["runs"]
            assert (await said.find(tracker="trackio"))["state"] == "telling"
            await exporters.set({"trackers": [{"tracker": "trackio"}]})
            assert not psutil.pid_exists(second["runs"])
            assert exporters.told == ["trackio"]

    asyncio.run(play())


def test_one_that_has_told_all_is_back_when_there_is_more(tmp_path: Path) -> None:
    async def play() -> None:
        async with exporting(tmp_path) as (exporters, said):
            await exporters.set({"trackers": [TENSORBOARD]})
            first = await said.find(state="telling")
            exporters.lead_to("nonsense")
            exporters.lead_to("end")
            await said.find(state="told")
            while psutil.pid_exists(first["runs"]):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            assert not said.children()
            await exporters.set({"trackers": [TENSORBOARD]})
            assert (await said.find(state="telling"))["runs"] != first["runs"]

    asyncio.run(play())


def test_keys_are_those_that_were_given_and_are_missed_when_they_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "of-the-agent")

    async def play() -> None:
        async with exporting(tmp_path) as (exporters, said):
            await exporters.set({"trackers": [WANDB, TENSORBOARD]})
            missed = await said.find(tracker="wandb")
            assert (missed["state"], missed["error"]["code"]) == ("failing", "no-key")
            assert "%saturn track wandb" in missed["error"]["hint"]
            assert (await said.find(tracker="tensorboard", state="telling"))["place"] == "none"
            for key in ("first-key", "second-key"):
                secrets = {"WANDB_API_KEY": key}
                exporters.keep_secrets({"tracker": "wandb", "secrets": secrets})
                await exporters.set({"trackers": [WANDB, TENSORBOARD]})
                assert (await said.find(tracker="wandb", state="telling"))["place"] == key
            told = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
            assert not any(b"-key" in text for text in told)

    asyncio.run(play())


def test_one_that_says_too_much_is_lost_like_any_other(tmp_path: Path) -> None:
    async def play() -> None:
        async with exporting(tmp_path) as (exporters, said):
            await exporters.set({"trackers": [TENSORBOARD]})
            first = await said.find(state="telling")
            exporters.lead_to("much")
            assert len((await said.find(state="failing", runs=0))["error"]["message"]) == 100_000
            exporters.lead_to("endless")
            lost = await said.find(state="failing")
            assert lost["error"]["code"] == "exporter-died"
            second = await said.find(state="telling")
            assert second["runs"] != first["runs"]
            assert not psutil.pid_exists(first["runs"])

    asyncio.run(play())


def test_keys_that_are_given_while_the_exporter_before_ends_are_kept(tmp_path: Path) -> None:
    async def play() -> None:
        async with exporting(tmp_path) as (exporters, said):
            exporters.keep_secrets({"tracker": "wandb", "secrets": {"WANDB_API_KEY": "first-key"}})
            await exporters.set({"trackers": [WANDB]})
            assert (await said.find(state="telling"))["place"] == "first-key"
            off = asyncio.create_task(exporters.set({"trackers": []}))
            await asyncio.sleep(0)  # as far as to where it waits for the process
            assert not off.done()
            exporters.keep_secrets({"tracker": "wandb", "secrets": {"WANDB_API_KEY": "second-key"}})
            await exporters.set({"trackers": [WANDB]})
            assert (await said.find(state="telling"))["place"] == "second-key"
            await off

    asyncio.run(play())
