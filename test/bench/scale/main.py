"""``npm run bench:scale``: what a session of many tasks costs those who watch it.

``main.py [--tasks 12,100,300,1000] [--devices N] [--seconds N]``: for each size, a real engine,
agent and ranks, tasks that sleep as long as steps would take, and three clients: one that is
measured, as a kernel with its panel is, one that is stopped (SIGSTOP) and one that takes two
seconds to read whatever it is told.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_HEAD = (
    f"{'tasks':>6}{'cell':>9}{'built':>9}{'state':>10}{'run':>8}{'trained':>9}{'told':>10}"
    f"{'panel':>10}{'kernel CPU':>20}{'status':>9}{'engine':>9}"
)
_LEGEND = """
cell: until the sweep's cell returned. built: until every task was inspected. state: the whole.
run: so long was watched, in which so many were trained. told: bytes of states and changes to the
measured client meanwhile, panel: those it passed on to its panel. kernel CPU: of the measured
client, in seconds and as a share of the time. status: median and longest time of a status. engine:
its most memory, with one client stopped and one reading slowly."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", default="12,100,300,1000", help="sizes, separated by commas")
    parser.add_argument("--devices", type=int, default=2, help="virtual devices")
    parser.add_argument("--seconds", type=float, default=600, help="longest run watched")
    options = parser.parse_args()
    _say(_HEAD)
    for count in options.tasks.split(","):
        found = measure(int(count), options.devices, options.seconds)
        _say(_row(int(count), found))
    _say(_LEGEND)


def measure(count: int, devices: int, seconds: float) -> dict[str, Any]:
    """What is found of one size, as `watched.py` tells it; its files go with its folder."""
    # Short: paths of sockets hold about 100 bytes.
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        (Path(folder) / "run").mkdir(mode=0o700)
        environment = {
            **os.environ,
            "PYTHONPATH": str(_HERE.parents[2] / "python-shim"),
            "SATURN_CACHE": str(Path(folder) / "cache"),
            "XDG_RUNTIME_DIR": str(Path(folder) / "run"),
        }
        arguments = [folder, str(count), str(devices), str(seconds)]
        done = subprocess.run(
            [sys.executable, str(_HERE / "watched.py"), *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _row(count: int, found: dict[str, Any]) -> str:
    cpu = f"{found['cpu']:.2f} s, {found['cpu'] / found['seconds']:.2%}"
    status = sorted(found["status"])
    times = f"{status[len(status) // 2] * 1e3:.0f}/{status[-1] * 1e3:.0f}"
    return (
        f"{count:>6}{found['cell']:>7.1f} s{found['built']:>7.1f} s{_size(found['state']):>10}"
        f"{found['seconds']:>6.0f} s{found['trained']:>9}{_size(found['told']):>10}"
        f"{_size(found['panel']):>10}{cpu:>20}{times:>6} ms{_size(found['engine']):>9}"
    )


def _size(size: float) -> str:
    return f"{size / 1e6:.2f} MB" if size < 1e8 else f"{size / 1e6:.0f} MB"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
