"""``npm run bench:sweep -- stops``: 54 points searched with early stopping, by us and by others.

``stops.py [--rounds N] [--scale F] [--devices N] [--peers PYTHON]``

The same points in the same order, the same model, data, optimizer and steps, the same metric of
held-out images, compared after the same steps. In each round all of that is drawn anew, and all
points are trained to the end by plain loops: a way's regret is how much worse the point it chose
is there than the best of all. A way's time begins with its process, imports included, and ends
when all it trains is trained.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from processes import environment, finish, start
from stops_points import METRIC, points, rungs

_OURS, _PROMOTING = "Saturn, ASHA", "Saturn, promoting"
_SCRIPTS = {
    _OURS: ("stops_by_saturn.py", ""),
    _PROMOTING: ("stops_by_saturn.py", ",promote"),
    "Ray Tune, ASHA": ("stops_by_ray.py",),
    "Optuna, Hyperband": ("stops_by_optuna.py",),
}

Told = dict[str, Any]
"""What a script has printed, and ``seconds``."""


def _all_trained(options: argparse.Namespace, draw: int) -> tuple[dict[str, float], float]:
    """What each point comes to when it is trained to the end, and how many seconds that took."""
    with tempfile.TemporaryDirectory(prefix="stops-") as folder:
        env = environment(Path(folder))
        begin = time.time()
        parts = [
            start(sys.executable, "stops_by_hand.py", device, *_size(options), draw, env=env)
            for device in range(options.devices)
        ]
        told = [json.loads(output.splitlines()[-1]) for output in finish(parts)]
    return {name: value for part in told for name, value in part.items()}, time.time() - begin


def _size(options: argparse.Namespace) -> tuple[int, float]:
    return options.devices, options.scale


def _round(options: argparse.Namespace, draw: int) -> Iterator[tuple[str, Told]]:
    """Each way once, in a folder of its own."""
    for name, (script, *more) in _SCRIPTS.items():
        is_own = name in (_OURS, _PROMOTING)
        if not is_own and options.peers is None:
            continue
        python = sys.executable if is_own else options.peers
        with tempfile.TemporaryDirectory(prefix="stops-") as folder:
            env = environment(Path(folder))
            begin = time.time()
            where = Path(folder) / "out"
            process = start(python, script, *_size(options), draw, where, *more, env=env)
            [output] = finish([process])
        told: Told = json.loads(output.splitlines()[-1])
        yield name, {**told, "seconds": told["done"] - begin}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how many draws")
    parser.add_argument("--scale", type=float, default=1.0, help="how much longer tasks are")
    parser.add_argument("--devices", type=int, default=2)
    parser.add_argument("--peers", help="a Python with Ray Tune and Optuna; left out without")
    options = parser.parse_args()
    halts = rungs(options.scale)
    _say(
        f"{len(points(options.scale, 0))} points of {halts[-1]} steps on {options.devices} cores, "
        f"compared by {METRIC} after {', '.join(map(str, halts[:-1]))} steps, "
        f"{options.rounds} rounds.\n"
        "Load of the machine at the beginning: {:.2f}, {:.2f}, {:.2f}.".format(*os.getloadavg())
    )
    seen: dict[str, list[Told]] = defaultdict(list)
    for draw in range(1, options.rounds + 1):
        ends, whole = _all_trained(options, draw)
        best = min(ends.values())
        _say(f"Round {draw}, all to the end by plain loops: {whole:.1f} s, {METRIC} {best:.4f}.")
        for name, told in _round(options, draw):
            regret = ends[told["winner"]] - best
            share = {"time": told["seconds"] / whole, "work": told["steps"] / halts[-1] / len(ends)}
            seen[name].append({**told, **share, "regret": regret})
            _say(
                f"  {name}: {told['seconds']:.1f} s, chose {told['winner']} "
                f"({METRIC} {told['value']:.4f} as it found, {ends[told['winner']]:.4f} by itself)"
            )
    _report(seen)
    if options.peers is None:
        _say("\nRay Tune and Optuna are left out: they cannot be installed here.")


def _report(seen: dict[str, list[Told]]) -> None:
    """Medians of all rounds; of regret the mean, and the greatest."""
    heads = ("seconds", "of all", "regret", "most", "steps", "of all", "trained")
    _say(f"\n{'':18}" + "".join(f"{head:>9}" for head in heads))
    for name, rounds in seen.items():
        middle = {
            key: statistics.median(each[key] for each in rounds)
            for key in ("seconds", "time", "steps", "work", "trained")
        }
        regrets = [each["regret"] for each in rounds]
        _say(
            f"{name:18}{middle['seconds']:9.1f}{middle['time']:9.2f}"
            f"{statistics.mean(regrets):9.4f}{max(regrets):9.4f}"
            f"{middle['steps']:9.0f}{middle['work']:9.2f}{middle['trained']:9.0f}"
        )
    for own in (_OURS, _PROMOTING):
        for name, rounds in seen.items():
            if name in (_OURS, _PROMOTING):
                continue
            ratios = [b["seconds"] / a["seconds"] for a, b in zip(seen[own], rounds, strict=True)]
            _say(
                f"{name} takes {statistics.median(ratios):.2f} times as long as {own} "
                f"({min(ratios):.2f} to {max(ratios):.2f})."
            )


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
