"""The points searched by a session, by ASHA.

``stops_by_saturn.py DEVICES SCALE DRAW FOLDER [MORE]``, with more of the rule, as ``,promote``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import cloudpickle
import stops_points
import tasks
from by_saturn import end
from jupyterlab_saturn import Session
from stops_points import ETA, METRIC, make, name, rungs, values

cloudpickle.register_pickle_by_value(tasks)
cloudpickle.register_pickle_by_value(stops_points)


def main(devices: int, scale: float, draw: int, folder: Path, more: str) -> None:
    """Print when it was done, which point it chose, and how many steps were made."""
    os.environ["SATURN_CACHE"] = str(folder / "cache")
    session = Session("stops", folder / "sessions")
    halts = rungs(scale)
    try:
        session.cluster(cpu=devices)
        rule = f"asha:eta={ETA},first={halts[0]}{more}"
        session.add(make, values(scale, draw), stop=rule, by=f"min:{METRIC}")
        session.run()
        session.wait(check=True)
        done = time.time()
        states = session.state["tasks"]
        trained = [task for task in states if task["status"] == "finished"]
        best = min(trained, key=lambda task: task["result"]["metrics"][METRIC] or float("inf"))
        told = {
            "done": done,
            "winner": name(best["spec"]["params"]),
            "value": best["result"]["metrics"][METRIC],
            "steps": sum(task["progress"]["step"] for task in states),
            "trained": len(trained),
            "points": len(states),
        }
        sys.stdout.write(f"{json.dumps(told)}\n")
    finally:
        session.close()
        end(session)


if __name__ == "__main__":
    sizes = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    main(*sizes, Path(sys.argv[4]), "".join(sys.argv[5:]))
