"""Ranks that each build the whole model must fit into the machine's memory together."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest
from jupyterlab_saturn.training.inspect.host_memory import why_not_built
from jupyterlab_saturn.training.techniques import TECHNIQUES
from training_tasks import mlp


@pytest.mark.parametrize(
    ("technique", "devices", "fits"),
    [
        ("single", 1, True),
        ("tensor", 2, True),
        ("tensor", 8, False),
        ("pipeline", 8, False),
        ("fsdp", 8, True),
        ("ddp", 8, True),
    ],
)
def test_as_many_models_as_ranks_build(
    monkeypatch: pytest.MonkeyPatch, technique: str, devices: int, fits: bool
) -> None:
    task = mlp()
    each = sum(tensor.numel() * 4 for tensor in task.model.parameters())
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=2 * each))
    reason = why_not_built(TECHNIQUES[technique], task, devices)
    assert (reason is None) is fits
    assert reason is None or f"{devices} ranks" in reason
