"""``npm run bench:sweep``: a sweep of small tasks, by processes of one's own, by us, by Ray Tune.

``main.py [--rounds N] [--scale F] [--devices N] [--ray PYTHON]``
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from processes import environment, finish, start

_PLAIN, _NEW, _KNOWN, _RAY = "plain processes", "nothing known", "measured before", "Ray Tune"


class Round:
    """All ways once, in a folder of their own."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self._folder = folder
        self._devices: int = options.devices
        self._scale: float = options.scale
        self._ray: str | None = options.ray
        self._env = environment(folder)

    def ways(self) -> dict[str, Callable[[], dict[str, float]]]:
        """What is timed, in an order in which it can be."""
        ways = {_PLAIN: self._plain, _NEW: lambda: self._ours("a"), _KNOWN: lambda: self._ours("b")}
        return {**ways, _RAY: self._by_ray} if self._ray else ways

    def _plain(self) -> dict[str, float]:
        out = self._folder / "plain"
        out.mkdir()
        finish(
            [
                self._start(sys.executable, "by_hand.py", device, self._devices, self._scale, out)
                for device in range(self._devices)
            ]
        )
        return {}

    def _ours(self, name: str) -> dict[str, float]:
        script = ("by_saturn.py", self._devices, self._scale, self._folder, name)
        [told] = finish([self._start(sys.executable, *script)])
        seen: dict[str, float] = json.loads(told.splitlines()[-1])
        return seen

    def _by_ray(self) -> dict[str, float]:
        out = self._folder / "tune"
        out.mkdir()
        assert self._ray is not None
        finish([self._start(self._ray, "by_ray.py", self._devices, self._scale, out)])
        return {}

    def _start(self, python: str, script: str, *arguments: object) -> subprocess.Popen[str]:
        return start(python, script, *arguments, env=self._env)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is timed")
    parser.add_argument("--scale", type=float, default=1.0, help="how much longer tasks are")
    parser.add_argument("--devices", type=int, default=2)
    parser.add_argument("--ray", help="a Python that has Ray Tune; left out without")
    options = parser.parse_args()
    _say(
        f"Twelve classifiers of digits and four small language models on {options.devices} cores, "
        f"{options.rounds} rounds.\n{_load()}"
    )
    times: dict[str, list[float]] = defaultdict(list)
    seen: dict[str, list[dict[str, float]]] = defaultdict(list)
    for turn in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="sweep-") as folder:
            for name, way in Round(Path(folder), options).ways().items():
                begin = time.perf_counter()
                try:
                    told = way()
                except RuntimeError as error:
                    if name != _RAY:
                        raise
                    _say(f"  round {turn + 1}, {name} is left out: {error}")
                    continue
                # A session's own clock ends when all is trained, not when its processes are gone.
                times[name].append(told.get("done", time.perf_counter() - begin))
                seen[name].append(told)
                _say(f"  round {turn + 1}, {name}: {times[name][-1]:.1f} s")
    _report(times, seen)
    if options.ray is None:
        _say("\nRay Tune is left out: it cannot be installed here.")


def _report(times: dict[str, list[float]], seen: dict[str, list[dict[str, float]]]) -> None:
    _say(f"\n{'':18}{'seconds':>10}{'ratio':>8}{'least':>8}{'most':>8}")
    for name, taken in times.items():
        ratios = [a / b for a, b in zip(taken, times[_PLAIN], strict=False)]
        middle, ratio = statistics.median(taken), statistics.median(ratios)
        _say(f"{name:18}{middle:10.1f}{ratio:8.2f}{min(ratios):8.2f}{max(ratios):8.2f}")
    for name, rounds in seen.items():
        if rounds[0]:
            facts = {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
            _say(f"\n{name}: {', '.join(f'{key} {value:.2f}' for key, value in facts.items())}")


def _load() -> str:
    return "Load of the machine at the beginning: {:.2f}, {:.2f}, {:.2f}.".format(*os.getloadavg())


def _say(text: Any) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
