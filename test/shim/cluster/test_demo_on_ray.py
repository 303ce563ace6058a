"""The demo on two nodes, one of which is lost midway: all the same it comes to its end."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import ray_cluster_guard
from jupyterlab_saturn import Session
from jupyterlab_saturn.agent.agent_lock import agent_alive
from jupyterlab_saturn.paths import SessionPaths
from nightly import nightly
from ray_scene import SECONDS, trained_now
from waiting import until

pytest.importorskip("ray")
pytestmark = [nightly, pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[3]
OUT = ROOT / "out" / "demo"


@contextlib.contextmanager
def demo(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, str(ROOT / "scripts" / "demo.py"), "--ray"]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as made:
        try:
            yield made
        finally:
            made.terminate()


def other_node(running: subprocess.Popen[bytes]) -> str:
    """Mark of the node beside the head."""
    for child in psutil.Process(running.pid).children():
        if ray_cluster_guard.__file__ in child.cmdline():
            return f"{child.cmdline()[-2]}-2"
    raise AssertionError("There is no cluster.")


def test_a_node_of_the_demo_is_lost(tmp_path: Path) -> None:
    log = tmp_path / "demo.log"
    with demo(log) as running:
        paths = SessionPaths("default", OUT / "session")
        until(lambda: "cluster of two nodes" in log.read_text(), SECONDS)
        until(lambda: agent_alive(paths), 2 * SECONDS)
        watching = Session("default", OUT / "session")
        until(lambda: len(trained_now(watching)) == 2, 3 * SECONDS)
        watching.close()
        lost = list(ray_cluster_guard.living(other_node(running)))
        for process in lost:
            with contextlib.suppress(psutil.Error):
                process.kill()
        assert lost
        assert running.wait() == 0, log.read_text()
    results = json.loads((OUT / "results.json").read_text("utf-8"))
    assert {task["status"] for task in results["tasks"]} == {"finished"}
    _, _, places = log.read_text().partition("Trained on\n")
    # What the lost node had went on with the other one.
    assert any(line.count(",") for line in places.splitlines()[: len(results["tasks"])])
