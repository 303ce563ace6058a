"""Random processes of a session are killed or put to sleep, again and again, while it trains."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from jupyterlab_saturn import Session
from nightly import nightly
from test_story import home, lines, named, processes, session, statuses
from test_story_takeover import OTHERS, ranks
from waiting import until

__all__ = ["home", "session"]  # fixtures

KINDS = ("rank", "group", "zygote", "agent", "engine", "client", "everything", "sleep")
KILLS = 30
SEEDS = range(1, 11)
LOSSES = {"rank-lost", "rank-hung"}
"""Codes of failures that so many kills in a row may come to; it is said how to retry."""


class Client:
    """A kernel's process that waits for the session, with another in its place once killed."""

    def __init__(self, home: Path) -> None:
        code = (
            "import time\n"
            "from jupyterlab_saturn import Session\n"
            f"one = Session('story', {str(home)!r})\n"
            "while True:\n"
            "    one.wait()\n"
            "    time.sleep(0.2)\n"
        )
        self._command = [sys.executable, "-c", code]
        self.process = self._start()

    def kill(self) -> None:
        self.end()
        self.process = self._start()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stderr=subprocess.DEVNULL)


def victims(session: Session, kind: str, dice: random.Random) -> list[psutil.Process]:
    forked = ranks(session)
    if kind in ("rank", "group"):
        return forked if kind == "group" else dice.sample(forked, min(1, len(forked)))
    if kind in ("everything", "sleep"):
        return processes(session.paths)
    mark = {"zygote": "training.zygote", "agent": "saturn.agent", "engine": "engine.mjs"}[kind]
    return [one for one in named(mark, session) if one not in forked]


def send(number: signal.Signals, to: list[psutil.Process]) -> None:
    for process in to:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def strike(session: Session, client: Client, kind: str, dice: random.Random) -> None:
    """Kill a process, or some, or let all sleep for a while, as a laptop does."""
    if kind in ("client", "everything"):
        client.kill()
    if kind == "client":
        return
    chosen = victims(session, kind, dice)
    if kind == "sleep":
        send(signal.SIGSTOP, chosen)
        time.sleep(dice.uniform(0.5, 18.0))
        send(signal.SIGCONT, chosen)
    else:
        send(signal.SIGKILL, chosen)


def add(session: Session, round: int, pause: float) -> list[str]:
    """Some tasks that no round before had, each technique on half of them."""
    before = statuses(session.state)
    for pin, first in (("technique=ddp", 0.01), ("technique=single", 0.02)):
        rates = [first + 0.001 * round, first + 0.005 + 0.001 * round]
        session.add(lines, {"lr": rates, "pause": pause, "steps": 100}, pin=pin)
    return [name for name in statuses(session.state) if name not in before]


def go_on(session: Session) -> bool:
    """Have what was given up trained again, and all that is left; whether there is any."""
    tasks: list[Any] = session.state["tasks"]
    failed = {one["spec"]["name"]: one["error"] for one in tasks if one["status"] == "failed"}
    assert all(error["code"] in LOSSES for error in failed.values()), failed
    if failed:
        session.retry()
    if session.state["goal"] == "none" and not {*statuses(session.state).values()} <= {"finished"}:
        session.run()
    return session.state["goal"] != "none"


@nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", SEEDS)
def test_whoever_is_killed_the_weights_are_those_of_an_undisturbed_run(
    session: Session, home: Path, seed: int
) -> None:
    dice = random.Random(seed)
    session.cluster(cpu=2)
    session.add(lines, {"lr": [0.1], "pause": 0.02})
    session.profile(full=True, exclude=OTHERS)
    client = Client(home)
    struck: list[str] = []
    disturbed: list[str] = []
    try:
        while len(struck) < KILLS:
            disturbed += add(session, len(disturbed), pause=0.02)
            session.run()
            while go_on(session):
                time.sleep(dice.uniform(0.2, 3.0))
                if len(struck) < KILLS:
                    kind = dice.choice(KINDS)
                    struck.append(kind)
                    strike(session, client, kind, dice)
    finally:
        client.end()
        sys.stdout.write(f"seed {seed}: {' '.join(struck)}\n")
    plain = dict(zip(disturbed, undisturbed(session, len(disturbed)), strict=True))
    for name, like in plain.items():
        weights, expected = (
            torch.load(session.paths.model(one), weights_only=True) for one in (name, like)
        )
        for key, tensor in expected.items():
            torch.testing.assert_close(weights[key], tensor, rtol=1e-5, atol=1e-6)
    assert_nothing_left(session)


def undisturbed(session: Session, count: int) -> list[str]:
    """The same tasks once more, without a pause, and nobody is killed."""
    names = [name for round in range(0, count, 4) for name in add(session, round, pause=0.0)]
    session.run()
    session.wait()
    assert {*statuses(session.state).values()} == {"finished"}
    return names


def assert_nothing_left(session: Session) -> None:
    [agent], [engine] = named("saturn.agent", session), named("engine.mjs", session)
    mine = {agent.pid, *(one.pid for one in agent.children(recursive=True))}
    assert engine.pid in mine
    until(lambda: {one.pid for one in processes(session.paths)} <= mine)
    assert ranks(session) == []
    assert {path.name for path in session.paths.runtime.iterdir()} == {"engine.sock", "events.sock"}
    assert not any(session.paths.leases.iterdir())
    assert not list(session.paths.folder.rglob("*.tmp"))
    assert os.getpid() not in mine
