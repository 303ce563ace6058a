"""The sweep trained by Ray Tune, a core a trial: ``by_ray.py DEVICES SCALE FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

import ray
import tasks
from ray import tune


def main(devices: int, scale: float, folder: Path) -> None:
    here = str(Path(__file__).parent)

    def trial(config: dict[str, tasks.Point]) -> None:
        sys.path.insert(0, here)
        import by_hand
        import torch

        torch.set_num_threads(1)
        by_hand.train(config["point"], folder)

    ray.init(num_cpus=devices, include_dashboard=False, log_to_driver=False)
    tuner = tune.Tuner(
        tune.with_resources(trial, {"cpu": 1}),
        param_space={"point": tune.grid_search(tasks.grid(scale))},
        run_config=tune.RunConfig(storage_path=str(folder / "ray"), verbose=0),
    )
    results = tuner.fit()
    ray.shutdown()
    if results.errors:
        raise SystemExit(f"{len(results.errors)} trials failed: {results.errors[0]}")


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
