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

import cloudpickle
import psutil
import pytest
import torch
from jupyterlab_saturn import Session, Task, between
from nightly import nightly
from test_story import home, lines, named, processes, session, statuses
from test_story_takeover import OTHERS, ranks
from trackers.test_trackers import once
from trackers.tracked_session import READERS, STATUSES
from waiting import SECONDS, until

__all__ = ["home", "session"]  # fixtures

cloudpickle.register_pickle_by_value(sys.modules[__name__])

MARKS = {
    "zygote": "training.zygote",
    "agent": "saturn.agent",
    "engine": "engine.mjs",
    "advisor": "saturn.advisor",
    "exporter": "saturn.trackers",
}
KINDS = ("rank", "group", "child", *MARKS, "client", "everything", "sleep")
KILLS = 30
SEEDS = range(1, 11)
SEED = int(os.environ.get("SATURN_CAMPAIGN", "0"))
"""Where set, one campaign of that seed is fought instead: others kill others."""
LOSSES = {"rank-lost", "rank-hung"}
"""Codes of failures that so many kills in a row may come to; it is said how to retry."""


def tables(lr: float, pause: float, steps: int) -> Task:
    """A line to fit whose code names a slow library: another zygote takes the first one's place."""
    import pandas as pd

    return lines(lr=float(pd.Series([lr]).iloc[0]), pause=pause, steps=steps)


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
    if kind in ("everything", "sleep"):
        return processes(session.paths)
    forked = ranks(session)
    if kind == "group":
        return forked
    if kind == "child":  # of an inspection, in which a process looks at each task
        return chosen(dice, [one for rank in forked for one in children(rank)])
    if kind == "rank":
        return chosen(dice, forked)
    others = [child for rank in forked for child in children(rank)]
    # A zygote and its successor are two.
    return chosen(dice, [one for one in named(MARKS[kind], session) if one not in forked + others])


def children(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.children(recursive=True)
    return []


def chosen(dice: random.Random, them: list[psutil.Process]) -> list[psutil.Process]:
    """One of some processes, if there are any."""
    return dice.sample(sorted(them, key=lambda one: one.pid), min(1, len(them)))


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


def add(session: Session, round: int) -> None:
    """Some tasks that no round before had, each technique on some of them."""
    rates = [0.01 + 0.004 * round, 0.012 + 0.004 * round]
    session.add(lines, {"lr": rates, "pause": 0.02, "steps": 100}, pin="technique=ddp")
    session.add(tables, {"lr": rates, "pause": 0.02, "steps": 100}, pin="technique=single")
    space = {"lr": between(1e-3, 1e-1, log=True), "pause": [0.02], "steps": [100]}
    points = 3 + 2 * round  # as those before them come to an end, more are thought up
    session.add(lines, space, points=points, search="tpe", by="mse", origin="search")


def go_on(session: Session) -> bool:
    """Have what was given up trained again, and all that is left; whether there is any."""
    tasks: list[Any] = session.state["tasks"]
    given_up = ("failed", "invalid")
    failed = {one["spec"]["name"]: one["error"] for one in tasks if one["status"] in given_up}
    assert all(error["code"] in LOSSES for error in failed.values()), failed
    if failed:
        session.retry()
    if session.state["goal"] == "none" and not {*statuses(session.state).values()} <= {"finished"}:
        session.run()
    return session.state["goal"] != "none"


@nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [SEED] if SEED else SEEDS)
def test_whoever_is_killed_the_weights_are_those_of_an_undisturbed_run(
    session: Session, home: Path, seed: int
) -> None:
    dice = random.Random(seed)
    session.cluster(cpu=2)
    session.add(lines, {"lr": [0.1], "pause": 0.02, "steps": 100})
    session.profile(full=True, exclude=OTHERS)
    session.track("tensorboard")
    client = Client(home)
    struck: list[str] = []
    rounds = 0
    try:
        while len(struck) < KILLS:
            add(session, rounds)
            rounds += 1
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
    disturbed = rates(session)
    assert len(disturbed) == 1 + 4 * rounds + 1 + 2 * rounds
    told = session.paths.tracker("tensorboard")
    until(lambda: {*STATUSES["tensorboard"](told).values()} == {"finished"}, 2 * SECONDS)
    for name, points in READERS["tensorboard"](told).items():
        assert once(points, "train/loss") == [*range(1, len(session.history(name)) + 1)], name
    plain = undisturbed(session, {*disturbed.values()})
    for name, rate in disturbed.items():
        weights, expected = (
            torch.load(session.paths.model(one), weights_only=True) for one in (name, plain[rate])
        )
        for key, tensor in expected.items():
            torch.testing.assert_close(weights[key], tensor, rtol=1e-5, atol=1e-6)
    assert_nothing_left(session)


def rates(session: Session) -> dict[str, float]:
    """Of each task by its name; with the same weights at the end where it is the same."""
    return {one["spec"]["name"]: one["spec"]["params"]["lr"] for one in session.state["tasks"]}


def undisturbed(session: Session, wanted: set[float]) -> dict[float, str]:
    """The same tasks once more by their rates, without a pause, and nobody is killed."""
    session.add(lines, {"lr": sorted(wanted), "pause": 0.0, "steps": 100})
    session.run()
    session.wait()
    assert {*statuses(session.state).values()} == {"finished"}
    return {
        one["spec"]["params"]["lr"]: one["spec"]["name"]
        for one in session.state["tasks"]
        if one["spec"]["params"].get("pause") == 0.0
    }


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
