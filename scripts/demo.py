"""Runs a notebook without a browser and writes what came out to out/demo: ``[--ray] [NOTEBOOK]``.

The notebook is examples/quickstart.ipynb unless another is given. In out/demo, the file of its name
is the executed notebook, report.html the schedule as planned and as it was,
results.json the same as numbers. With --ray it trains on a Ray cluster of two nodes, which are
started on this machine and ended afterwards.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from jupyterlab_saturn import Session
from jupyterlab_saturn.agent.agent_lock import agent_alive
from jupyterlab_saturn.paths import SessionPaths
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "out" / "demo"
HOME = OUT / "session"
LONGEST_CELL_SECONDS = 900
PROGRESS_SECONDS = 5.0
PATIENCE_SECONDS = 30.0
ON_RAY = "SATURN_DEMO_RAY"  # address of the cluster on whose head this process runs
# The kernel's ports are of this machine alone, but others may share it.
ENCRYPTED = Config({"KernelManager": {"transport_encryption": "auto"}})
DISPLAYS = ("display_data", "update_display_data")

Json = dict[str, Any]


class Terminal(NotebookClient):
    """Executes a notebook and shows in the terminal what its cells print."""

    def __init__(self, notebook: nbformat.NotebookNode, **options: Any) -> None:
        super().__init__(notebook, **options)
        self._progress = ""
        self._shown_at = 0.0

    def process_message(self, msg: Json, cell: nbformat.NotebookNode, cell_index: int) -> Any:
        content = msg["content"]
        if msg["msg_type"] == "execute_input":
            first = cell.source.strip().split("\n", 1)[0]
            say(f"\n[{content['execution_count']}] {first}\n")
        elif msg["msg_type"] == "stream":
            say(content["text"])
        elif msg["msg_type"] in DISPLAYS and set(content["data"]) == {"text/plain"}:
            self._show_progress(content["data"]["text/plain"])
        return super().process_message(msg, cell, cell_index)

    def _show_progress(self, text: str) -> None:
        now = time.monotonic()
        if text != self._progress and now - self._shown_at >= PROGRESS_SECONDS:
            self._progress, self._shown_at = text, now
            say(f"    {text}\n")


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def execute(path: Path) -> None:
    """Run all cells; the notebook in out/demo has the outputs also when one fails."""
    notebook = nbformat.read(path, as_version=4)
    client = Terminal(
        notebook,
        timeout=LONGEST_CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(OUT)}},
        config=ENCRYPTED,
    )
    try:
        client.execute()
    finally:
        (OUT / path.name).write_text(nbformat.writes(notebook), encoding="utf-8")


def summary(session: Session) -> Json:
    """What results.json holds; times are seconds since training began."""
    state = session.state
    made = state["plan"]
    plan = made["plan"]
    run = state["run"]
    return {
        "tasks": [
            {
                "name": row["task"],
                "status": row["status"],
                "strategy": {key: row[key] for key in ("technique", "knobs", "devices")},
                "planned": row["planned"],
                "actual": row["actual"],
                "steps": row["steps"],
                "finalLoss": row["loss"],
                "accuracy": row["metrics"].get("accuracy"),
                "metrics": row["metrics"],
            }
            for row in session.results()
        ],
        "replans": len(state.get("replans", [])),
        "plan": {  # the last one: of what was left when it began
            "start": made.get("startedAt", run["startedAt"]) - run["startedAt"],
            "makespan": plan["makespan"],
            "lowerBound": plan["lowerBound"],
            "gap": plan["gap"],
            "method": plan["method"],
            "optimal": plan["optimal"],
            "baselines": {each["name"]: each["makespan"] for each in plan["baselines"]},
        },
        "actualMakespan": run["endedAt"] - run["startedAt"] if "endedAt" in run else None,
    }


def write_results(session: Session, notebook: str) -> bool:
    """Write and print what came out; whether every task finished, or was given up by its rule."""
    found = summary(session)
    (OUT / "results.json").write_text(json.dumps(found, indent=2), encoding="utf-8")
    report = session.render("report")
    (OUT / "report.html").write_text(report.html, encoding="utf-8")
    say(f"\n{session.render('plan').text}\n\n{session.results()!r}\n\n")
    for name in (notebook, "report.html", "results.json"):
        say(f"wrote {(OUT / name).relative_to(ROOT)}\n")
    given_up = {task["spec"]["name"] for task in session.state["tasks"] if "givenUp" in task}
    return all(task["status"] == "finished" or task["name"] in given_up for task in found["tasks"])


def agent_pid(paths: SessionPaths) -> int | None:
    with contextlib.suppress(OSError, ValueError, KeyError):
        return int(json.loads(paths.agent_status.read_text("utf-8"))["pid"])
    return None


def end(paths: SessionPaths) -> None:
    """Ask the session's agent to leave, and wait until it has."""
    pid = agent_pid(paths)
    if pid is None or not agent_alive(paths):
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while agent_alive(paths):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.1)


def show_places(session: Session) -> None:
    """Print on which node each task trained."""
    rows = [
        (task["spec"]["name"], ", ".join(attempt["node"] for attempt in task["attempts"]))
        for task in session.state["tasks"]
    ]
    width = max(len(name) for name, _ in rows)
    say("Trained on\n" + "".join(f"  {name:<{width}}  {nodes}\n" for name, nodes in rows) + "\n")


def run_on_ray(path: Path) -> int:
    """Run this program once more, on the head of a cluster that ends with it."""
    if importlib.util.find_spec("ray") is None:
        say("Ray is not installed: pip install 'jupyterlab-saturn[ray]'\n")
        return 1
    sys.path.append(str(ROOT / "test" / "shim"))  # the tests' own cluster
    from ray_cluster import RayCluster

    with RayCluster() as cluster:
        kind = "network namespaces" if cluster.isolated else "one loopback interface"
        say(f"starting a Ray cluster of two nodes, in {kind}\n")
        cluster.start()
        cluster.start()
        command = cluster.head.command([sys.executable, __file__, str(path)])
        environment = {**os.environ, **cluster.on_head, ON_RAY: cluster.address}
        return subprocess.run(command, env=environment).returncode


def main(path: Path) -> int:
    paths = SessionPaths("default", HOME)
    end(paths)  # of a demo that was interrupted
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    HOME.mkdir(mode=0o700)
    os.environ["SATURN_HOME"] = str(HOME)
    session = Session("default", HOME)
    try:
        if ON_RAY in os.environ:
            say(f"{session.cluster(ray=os.environ[ON_RAY]).text}\n")
        execute(path)
        if ON_RAY in os.environ:
            show_places(session)
        finished = write_results(session, path.name)
    except CellExecutionError as error:
        say(f"\n{error}\nA cell of the notebook failed; see {OUT / path.name}.\n")
        return 1
    finally:
        session.close()
        end(paths)
    if not finished:
        say("Not every task finished; the leaderboard says why.\n")
    return 0 if finished else 1


def read_command() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ray", action="store_true", help="on two nodes of a Ray cluster")
    quickstart = ROOT / "examples" / "quickstart.ipynb"
    parser.add_argument("notebook", nargs="?", type=Path, default=quickstart)
    options = parser.parse_args()
    path = options.notebook.resolve()
    return run_on_ray(path) if options.ray else main(path)


if __name__ == "__main__":
    sys.exit(read_command())
