"""Precisions that a GPU computes in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from jupyterlab_saturn import Task
from jupyterlab_saturn.training.inspect.bfloat16_check import told_of_bfloat16
from jupyterlab_saturn.training.runtime.rank_request import RankRequest


def task(precision: str = "float32", dtype: torch.dtype = torch.float32) -> Task:
    return Task(
        model=torch.nn.Linear(2, 1, dtype=dtype),
        data=[(torch.zeros(2), torch.zeros(1))] * 4,
        loss=torch.nn.MSELoss(),
        batch_size=2,
        precision=precision,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("of_task", "capability", "warns"),
    [
        (task("bfloat16"), 7.5, True),
        (task(dtype=torch.bfloat16), 7.0, True),
        (task("bfloat16"), 8.0, False),
        (task("bfloat16"), 12.0, False),
        (task("bfloat16"), None, False),
        (task("float16"), 7.5, False),
        (task(), 7.5, False),
    ],
)
def test_emulated_bfloat16_is_warned_of(
    of_task: Task, capability: float | None, warns: bool
) -> None:
    assert [str(capability) in told for told in told_of_bfloat16(of_task, capability)] == [True] * (
        warns
    )


@pytest.mark.parametrize("told", [{"computeCapability": 7.5}, {}])
def test_an_inspection_knows_the_oldest_gpu(tmp_path: Path, told: dict[str, float]) -> None:
    order = {
        "kind": "inspect",
        "job": "inspect",
        "session": str(tmp_path),
        "events": "",
        "tasks": [],
        "maxDevices": 1,
        "deviceKind": "cuda",
        "deviceBytes": 1,
        "techniques": [],
        **told,
    }
    file = tmp_path / "request.json"
    file.write_text(json.dumps(order))
    assert RankRequest.read(file).compute_capability == told.get("computeCapability")
