"""Quantised models train by the loop of their own library, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from adapter_tasks import language
from jupyterlab_saturn.training.adapters import NeedsNative, adapt
from jupyterlab_saturn.training.native.trainer_loop import TrainerLoop
from jupyterlab_saturn.training.techniques import catalogue
from jupyterlab_saturn.training.techniques.native import Native
from torch import nn
from training_tasks import mlp


class Params4bit(nn.Parameter):
    """As bitsandbytes has them."""


def packed(model: nn.Module, parameter: nn.Parameter) -> nn.Module:
    [linear, *_] = [each for each in model.modules() if isinstance(each, nn.Linear)]
    linear.weight = parameter
    return model


NIBBLES = Params4bit(torch.zeros(8, 1, dtype=torch.uint8), requires_grad=False)
EIGHTHS = nn.Parameter(torch.zeros(8, 8, dtype=torch.float8_e4m3fn), requires_grad=False)


@pytest.mark.parametrize(
    ("parameter", "words"), [(NIBBLES, "is a Params4bit"), (EIGHTHS, "float8_e4m3fn")]
)
def test_no_technique_takes_what_it_is_not_known_for(parameter: nn.Parameter, words: str) -> None:
    task = mlp(model=packed(nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 3)), parameter))
    for technique in catalogue().values():
        if technique.name != Native.name:
            reasons = [technique.feasible(task, devices, "cuda") for devices in (1, 2, 4)]
            assert any(words in (reason or "") for reason in reasons), technique.name
            assert None not in reasons, technique.name


def test_a_trainer_of_such_a_model_runs_its_own_loop() -> None:
    trainer = language()
    packed(trainer.model, NIBBLES)
    with pytest.raises(NeedsNative, match="Params4bit"):
        adapt(trainer)


@pytest.mark.parametrize(
    ("kind", "size", "kept"), [("cuda", 1, "auto"), ("cuda", 2, None), (None, 1, None)]
)
def test_its_device_map_holds_where_it_has_the_only_gpu(
    kind: str | None, size: int, kept: Any
) -> None:
    def load(**options: Any) -> Any:
        return options.get("device_map")

    loop = TrainerLoop()
    device = None if kind is None else type("Device", (), {"kind": kind})()
    world = type("World", (), {"size": size})()
    loop.run = type("Run", (), {"device": device, "world": world})()  # type: ignore[assignment]
    (before,) = [each for each in loop.interceptions() if each.method == "from_pretrained"]
    assert before.around(load, object, device_map="auto") == kept
