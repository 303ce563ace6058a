"""Stories of what goes wrong at one point, and what it does not cost the others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cloudpickle
from jupyterlab_saturn import Session, Task
from jupyterlab_saturn.errors import Json
from test_story import home, session, statuses  # noqa: F401

# As the functions of a notebook, those of this module travel by value.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def line(**parts: Any) -> Task:
    from functools import partial

    import torch
    from torch.utils.data import TensorDataset

    inputs = torch.linspace(-1, 1, 64).reshape(64, 1)
    data = TensorDataset(inputs, 2 * inputs + 1)
    return Task(
        **{
            "model": torch.nn.Linear(1, 1),
            "data": data,
            "eval_data": data,
            "loss": torch.nn.functional.mse_loss,
            "optimizer": partial(torch.optim.SGD, lr=0.1),
            "batch_size": 8,
            "steps": 20,
            **parts,
        }
    )


def cycle(start: float) -> Task:
    import torch

    return line(
        schedule=lambda optimizer, steps: torch.optim.lr_scheduler.OneCycleLR(
            optimizer, 0.1, total_steps=steps, pct_start=start
        )
    )


def measured(flag: str) -> Task:
    from pathlib import Path

    base = line()

    def off(outputs: Any, targets: Any) -> Any:
        if Path(flag).exists():
            raise ValueError("this metric is broken")
        return (outputs - targets).abs().mean()

    return Task(
        model=base.model,
        data=base.data,
        eval_data=base.data,
        loss=base.loss,
        optimizer=base.optimizer,
        batch_size=8,
        steps=20,
        metrics={"off": off},
    )


broken = measured


def measured(flag: str) -> Task:
    base = line()

    def off(outputs: Any, targets: Any) -> Any:
        return (outputs - targets).abs().mean() + len(flag) * 0

    return Task(
        model=base.model,
        data=base.data,
        eval_data=base.data,
        loss=base.loss,
        optimizer=base.optimizer,
        batch_size=8,
        steps=20,
        metrics={"off": off},
    )


def sleepy(base: float, lr: float = 0.1) -> Task:
    import time
    from functools import partial

    import torch

    class Sleepy(torch.nn.Linear):
        def forward(self, x: Any) -> Any:
            time.sleep(base)
            return super().forward(x)

    return line(model=Sleepy(1, 1), optimizer=partial(torch.optim.SGD, lr=lr))


def deadly(armed: str) -> Task:
    import os
    from pathlib import Path

    import torch

    class Deadly(torch.optim.SGD):
        def step(self, closure: Any = None) -> Any:
            if Path(armed).exists():
                os._exit(3)
            return super().step(closure)

    return line(optimizer=Deadly)


def loading(pause: float) -> Task:
    import time

    from torch.utils.data import default_collate

    def collate(samples: list[Any]) -> Any:
        time.sleep(pause)
        return default_collate(samples)

    return line(collate=collate, steps=60)


def task_of(session: Session, name: str) -> Json:  # noqa: F811
    return next(task for task in session.state["tasks"] if task["spec"]["name"] == name)


def test_one_bad_point_of_a_sweep_leaves_the_others_alone(session: Session) -> None:  # noqa: F811
    session.cluster(cpu=1)
    session.add(cycle, {"start": [2.0, 0.3, 0.5]})
    session.run()
    session.wait()
    found = statuses(session.state)
    assert found.pop("cycle-2.0") in ("failed", "invalid")
    assert found == {"cycle-0.3": "finished", "cycle-0.5": "finished"}
    assert "pct_start" in task_of(session, "cycle-2.0")["error"]["message"]
    session.reset(yes=True)
    session.add(cycle, {"start": 0.4})
    session.run()
    session.wait()
    assert statuses(session.state) == {"cycle-0.4": "finished"}


def test_a_corrected_metric_does_not_train_again(session: Session, home: Path) -> None:  # noqa: F811
    session.cluster(cpu=1)
    flag = home.parent / "flag"
    session.add(broken, {"flag": str(flag)}, origin="cell", wait=True)
    (name,) = statuses(session.state)
    flag.touch()
    session.run()
    session.wait()
    before = task_of(session, name)
    assert before["checkpointStep"] == 20
    assert "off" not in before.get("result", {}).get("metrics", {})

    session.add(measured, {"flag": str(flag)}, origin="cell", by="off:min")
    session.run()
    session.wait()
    after = task_of(session, name)
    assert after["status"] == "finished", after.get("error")
    assert after["result"]["metrics"]["off"] < 1
    assert [attempt["fromStep"] for attempt in after["attempts"]] == [0, 20]
    assert f"Best: {name}, off" in repr(session.results())


def test_what_a_model_reads_is_measured_apart_and_a_rate_is_not(session: Session) -> None:  # noqa: F811
    session.cluster(cpu=1)
    session.add(sleepy, {"base": [0.0, 0.01], "lr": [0.1, 0.2]}, wait=True)
    signatures = [task["inspection"]["signature"] for task in session.state["tasks"]]
    assert signatures[0] == signatures[1] != signatures[2] == signatures[3]


def test_a_task_that_turns_out_slower_is_planned_by_itself(session: Session) -> None:  # noqa: F811
    session.cluster(cpu=1)
    session.add(loading, {"pause": [0.02, 0.06]}, wait=True)
    signatures = [task["inspection"]["signature"] for task in session.state["tasks"]]
    assert signatures[0] == signatures[1]
    session.run()
    session.wait()
    one, other = session.state["tasks"]
    assert one["status"] == other["status"] == "finished"
    slow = other if "unlike" in other else one
    assert slow["inspection"]["signature"] == f"{signatures[0]}/{slow['spec']['name']}"
    assert max(slow["unlike"]["factor"], 1 / slow["unlike"]["factor"]) > 2


def test_ranks_that_vanish_before_they_are_measured_fail_their_task(
    session: Session,  # noqa: F811
    tmp_path: Path,
) -> None:
    session.cluster(cpu=1)
    armed = tmp_path / "armed"
    session.add(deadly, {"armed": [str(armed)]})
    session.check()
    armed.touch()
    session.run()
    session.wait()
    [dead] = session.state["tasks"]
    assert dead["status"] == "failed"
    assert [attempt["outcome"] for attempt in dead["attempts"]] == ["lost"] * 4
    assert all("stepSeconds" not in attempt for attempt in dead["attempts"])
    assert dead["error"]["code"] == "rank-lost"
    assert dead["error"]["message"] in session.status().text
