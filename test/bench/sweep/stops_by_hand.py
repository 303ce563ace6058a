"""All points trained to the end by a process a device.

``stops_by_hand.py DEVICE DEVICES SCALE DRAW``
"""

from __future__ import annotations

import json
import os
import sys

from stops_loop import train
from stops_points import name, points


def main(device: int, devices: int, scale: float, draw: int) -> None:
    """Train every so-many-th point; print what each came to."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, [cores[device % len(cores)]])
    found: dict[str, float] = {}
    for point in points(scale, draw)[device::devices]:

        def note(_: int, value: float, key: str = name(point)) -> bool:
            found[key] = value
            return True

        train(point, note)
    sys.stdout.write(f"{json.dumps(found)}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
