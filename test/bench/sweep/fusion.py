"""``npm run bench:sweep -- fusion``: a sweep of adapters of one model, one by one and in one run.

``fusion.py [--adapters N] [--devices N] [--steps N]``

Both are measured before, so that what is timed is what the plan said.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import adapter_task
import cloudpickle
from by_saturn import end
from jupyterlab_saturn import Session

cloudpickle.register_pickle_by_value(adapter_task)

_WAYS = {"never": "one by one", "auto": "in one run where that is faster"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adapters", type=int, default=16)
    parser.add_argument("--devices", type=int, default=2)
    parser.add_argument("--steps", type=int, default=600)
    options = parser.parse_args()
    _say(
        f"{options.adapters} adapters of one model, {options.steps} steps each, on "
        f"{options.devices} devices of {os.cpu_count()} cores. Load: {os.getloadavg()[0]:.1f}"
    )
    took: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="fuse") as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        os.environ["SATURN_CACHE"] = str(Path(folder) / "cache")
        for way, words in _WAYS.items():
            planned, took[way], runs = _train(Path(folder), way, options)
            off = took[way] / planned - 1
            _say(
                f"{words:>34}: planned {planned:6.1f} s, took {took[way]:6.1f} s "
                f"({off:+.0%}), {runs} runs"
            )
    _say(f"{took['never'] / took['auto']:.2f} times as fast.")


def _train(folder: Path, way: str, options: argparse.Namespace) -> tuple[float, float, int]:
    """Seconds as planned and as it was, and how many rank groups there were."""
    session = Session(way, folder / "sessions")
    try:
        session.cluster(cpu=options.devices)
        rates = [10 ** -(1 + 3 * place / options.adapters) for place in range(options.adapters)]
        session.add(adapter_task.adapter, {"lr": rates, "steps": [options.steps]})
        session.profile(exclude=adapter_task.OTHERS)
        session.plan(exclude=adapter_task.OTHERS, fuse=way)
        planned = session.state["plan"]["plan"]["makespan"]
        begin = time.monotonic()
        session.run(exclude=adapter_task.OTHERS)
        session.wait(check=True)
        seconds = time.monotonic() - begin
        return planned, seconds, _runs(session.state)
    finally:
        session.close()
        end(session)


def _runs(state: Any) -> int:
    attempts = [
        (attempt.get("fusion", task["spec"]["name"]), attempt["number"])
        for task in state["tasks"]
        for attempt in task["attempts"]
    ]
    return len(set(attempts))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
