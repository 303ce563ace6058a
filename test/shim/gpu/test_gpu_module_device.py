"""A model that is sharded says that it is where its forward runs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.components.module_device import tell_device
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup
from jupyterlab_saturn.training.techniques import Context, fsdp
from torch import nn
from torch.distributed.fsdp import CPUOffloadPolicy
from training_tasks import mlp

META = torch.device("meta")


class OfTransformers(nn.Module):
    """Asks its first parameter, as models of transformers do."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(2, 2)

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device


@pytest.mark.parametrize("offload", [None, CPUOffloadPolicy()])
def test_sharding_tells_it(monkeypatch: pytest.MonkeyPatch, offload: Any) -> None:
    lightning = pytest.importorskip("pytorch_lightning")

    class Module(lightning.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.net = OfTransformers()

    model = Module()
    sharded: list[nn.Module] = []
    monkeypatch.setattr(fsdp, "fully_shard", lambda module, **_: sharded.append(module))
    task = Task(**{**vars(mlp()), "model": model})
    context = Context(world=ProcessGroup(0, 1), device=META, steps=1)
    mesh: Any = None
    fsdp.shard_model(task, context, mesh, offload)
    assert sharded == [model]
    assert model.device == META
    assert model.net.device == META
    assert model.net.inner.weight.device.type == "cpu"  # to move it is for fully_shard


def test_its_class_goes_by_its_name_and_no_other_is_changed() -> None:
    model, other = OfTransformers(), OfTransformers()
    tell_device(model, META)
    assert isinstance(model, OfTransformers)
    assert type(model).__qualname__ == "OfTransformers"
    assert model.device == META
    assert other.device.type == "cpu"


def test_metrics_in_it_are_moved() -> None:
    torchmetrics = pytest.importorskip("torchmetrics")
    model = OfTransformers()
    model.metric = torchmetrics.MeanMetric()
    tell_device(model, META)
    assert model.metric.mean_value.device == META
    assert model.inner.weight.device.type == "cpu"


def test_what_is_there_already_stays_as_it_is() -> None:
    model = OfTransformers()
    tell_device(model, torch.device("cpu"))
    assert type(model) is OfTransformers


@pytest.mark.parametrize("said", ["the one on the left", None, RuntimeError("not yet")])
def test_what_else_is_called_device_is_left_alone(said: object) -> None:
    class Own(nn.Linear):
        @property
        def device(self) -> object:
            if isinstance(said, Exception):
                raise said
            return said

    model = Own(2, 2)
    tell_device(model, META)
    assert type(model) is Own
