"""The sweep trained by a session: ``by_saturn.py DEVICES SCALE FOLDER NAME``.

A session of another name knows the measurements of earlier ones in the same folder.
"""

from __future__ import annotations

import json
import os
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import cloudpickle
import tasks
from jupyterlab_saturn import Session

cloudpickle.register_pickle_by_value(tasks)


def main(devices: int, scale: float, folder: Path, name: str) -> None:
    begin = time.time()
    os.environ["SATURN_CACHE"] = str(folder / "cache")
    session = Session(name, folder / "sessions")
    try:
        session.cluster(cpu=devices)
        at: dict[str, float] = {"attached": time.time() - begin}
        for values in tasks.sweeps(scale):
            session.add(tasks.make, values)
        at["added"] = time.time() - begin
        session.run()
        session.wait(check=True)
        at["done"] = time.time() - begin
        at.update(_seen(session.state, begin))
        sys.stdout.write(f"{json.dumps(at)}\n")
    finally:
        session.close()
        end(session)


def _seen(state: Any, begin: float) -> dict[str, float]:
    """When training began, and how devices fared: means in seconds."""
    runs = [attempt for task in state["tasks"] for attempt in task["attempts"]]
    gaps: list[float] = []
    for device in {name for run in runs for name in run["devices"]}:
        lane = sorted((r["requestedAt"], r["endedAt"]) for r in runs if device in r["devices"])
        gaps += [after[0] - before[1] for before, after in pairwise(lane)]
    return {
        "first start": min(run["requestedAt"] for run in runs) - begin,
        "start": _mean([r["startedAt"] - r["requestedAt"] for r in runs if "startedAt" in r]),
        "gap": _mean(gaps),
        "runs": float(len(runs)),
        "trials": float(state["trialsDone"]),
    }


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def end(session: Session) -> None:
    """End the session's agent, which would stay for a while."""
    import contextlib

    import psutil

    folder = str(session.paths.folder)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            command = process.cmdline()
            if "jupyterlab_saturn.agent" in command and folder in command:
                process.terminate()
                process.wait(30)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
