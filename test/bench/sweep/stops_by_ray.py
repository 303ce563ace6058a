"""The points searched by Ray Tune, stopped by ASHA.

``stops_by_ray.py DEVICES SCALE DRAW FOLDER``
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import ray
from ray import tune
from stops_points import ETA, METRIC, name, points, rungs


def main(devices: int, scale: float, draw: int, folder: Path) -> None:
    """Print when it was done, which point it chose, and how many steps were made."""
    here = str(Path(__file__).parent)

    def trial(config: dict[str, Any]) -> None:
        sys.path.insert(0, here)
        from stops_loop import train

        def goes_on(step: int, value: float) -> bool:
            tune.report({METRIC: value, "step": step})
            return True

        train(config["point"], goes_on)

    halts = rungs(scale)
    ray.init(num_cpus=devices, include_dashboard=False, log_to_driver=False)
    results = tune.Tuner(
        tune.with_resources(trial, {"cpu": 1}),
        param_space={"point": tune.grid_search(points(scale, draw))},
        tune_config=tune.TuneConfig(
            metric=METRIC,
            mode="min",
            reuse_actors=True,  # else each trial imports PyTorch anew
            scheduler=tune.schedulers.ASHAScheduler(
                time_attr="step", max_t=halts[-1], grace_period=halts[0], reduction_factor=ETA
            ),
        ),
        run_config=tune.RunConfig(storage_path=str(folder / "ray"), verbose=0),
    ).fit()
    done = time.time()
    if results.errors:
        raise SystemExit(f"{len(results.errors)} trials failed: {results.errors[0]}")
    best = results.get_best_result()
    assert best.metrics is not None and best.config is not None
    ends = [result.metrics["step"] for result in results if result.metrics]
    told = {
        "done": done,
        "winner": name(best.config["point"]),
        "value": best.metrics[METRIC],
        "steps": sum(ends),
        "trained": sum(end == halts[-1] for end in ends),
        "points": len(ends),
    }
    sys.stdout.write(f"{json.dumps(told)}\n")
    sys.stdout.flush()
    ray.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
