"""The points searched by Optuna, pruned by Hyperband.

``stops_by_optuna.py DEVICES SCALE DRAW FOLDER``

A process a device, which share a study in a file: threads would wait for each other.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from stops_loop import train
from stops_points import ETA, name, points, rungs

_STUDY = "digits"


def _study(scale: float, folder: Path) -> optuna.Study:
    halts = rungs(scale)
    return optuna.create_study(
        study_name=_STUDY,  # brackets are chosen by it
        storage=JournalStorage(JournalFileBackend(str(folder / "study.log"))),
        load_if_exists=True,
        pruner=optuna.pruners.HyperbandPruner(
            min_resource=halts[0], max_resource=halts[-1], reduction_factor=ETA
        ),
    )


def _work(device: int, scale: float, draw: int, folder: Path) -> None:
    """Take points until none is left."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, [cores[device % len(cores)]])
    study = _study(scale, folder)
    all_points = points(scale, draw)

    def objective(trial: optuna.Trial) -> float:
        point = all_points[trial.suggest_categorical("point", list(range(len(all_points))))]
        last = float("inf")

        def goes_on(step: int, value: float) -> bool:
            nonlocal last
            last = value
            trial.report(value, step)
            trial.set_user_attr("step", step)
            return not trial.should_prune()

        if train(point, goes_on) < rungs(scale)[-1]:
            raise optuna.TrialPruned
        return last

    def left(study: optuna.Study, _: optuna.trial.FrozenTrial) -> None:
        if not study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.WAITING]):
            study.stop()

    study.optimize(objective, callbacks=[left])


def main(devices: int, scale: float, draw: int, folder: Path) -> None:
    """Print when it was done, which point it chose, and how many steps were made."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder.mkdir()
    study = _study(scale, folder)
    all_points = points(scale, draw)
    for index in range(len(all_points)):
        study.enqueue_trial({"point": index})
    processes = [
        multiprocessing.get_context("fork").Process(
            target=_work, args=(device, scale, draw, folder)
        )
        for device in range(devices)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode != 0:
            raise SystemExit(f"a process ended with {process.exitcode}")
    done = time.time()
    told = {
        "done": done,
        "winner": name(all_points[study.best_trial.params["point"]]),
        "value": study.best_value,
        "steps": sum(trial.user_attrs.get("step", 0) for trial in study.trials),
        "trained": sum(trial.state.name == "COMPLETE" for trial in study.trials),
        "points": len(study.trials),
    }
    sys.stdout.write(f"{json.dumps(told)}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
