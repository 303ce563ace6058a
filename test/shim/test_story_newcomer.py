"""Cells as people copy them from elsewhere, through a real agent."""

from __future__ import annotations

import sys
from typing import Any

import cloudpickle
from jupyterlab_saturn import Session, Task
from test_story import home, session, statuses  # noqa: F401

# As the functions of a notebook, those of this module travel by value.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def overfits() -> Task:
    """Of which the best model is an earlier one."""
    from functools import partial

    import torch
    from torch.utils.data import TensorDataset

    torch.manual_seed(0)
    parts = [TensorDataset(torch.randn(8, 16), torch.randn(8, 1)) for _ in range(2)]
    return Task(
        model=torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1)),
        data=parts[0],
        eval_data=parts[1],
        loss=torch.nn.functional.mse_loss,
        optimizer=partial(torch.optim.Adam, lr=0.05),
        batch_size=8,
        steps=20,
        validate_every=5,
        best="loss:min",
        keep_best=True,
    )


def script() -> Any:
    """A loop that tells nothing, with the arguments of a script."""
    import argparse

    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(args.epochs):
        model(torch.ones(4, 1)).pow(2).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    return model


def test_the_best_model_is_kept_and_a_script_runs_as_it_is(session: Session) -> None:  # noqa: F811
    session.cluster(cpu=2)
    session.add(overfits)
    session.add(script, native=True)
    session.run()
    session.wait()
    assert set(statuses(session.state).values()) == {"finished"}
    best, told_nothing = session.state["tasks"]
    assert best["result"]["bestStep"] < 20
    assert "loss" not in told_nothing["result"]
    assert [row["loss"] for row in session.results()][1] is None
