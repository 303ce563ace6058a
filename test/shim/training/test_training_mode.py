"""Models that do more than set a flag when they are told to train or to be evaluated."""

from __future__ import annotations

from typing import Any

import torch
from jupyterlab_saturn.training.components.training_mode import begin_training, evaluating
from torch import nn


class Merging(nn.Module):
    """Adds its adapter to its weight for evaluation, as loralib does."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2), requires_grad=False)
        self.adapter = nn.Parameter(torch.full((2,), 0.5))
        self.merged = False

    def train(self, mode: bool = True) -> Any:
        super().train(mode)
        if mode == self.merged:
            self.weight.data += -self.adapter if mode else self.adapter
            self.merged = not mode
        return self


class Freezing(nn.Sequential):
    """Keeps its batch normalisation in evaluation mode, as detectors do."""

    def train(self, mode: bool = True) -> Any:
        super().train(mode)
        self[1].eval()
        return self


def test_a_model_is_told_when_training_begins() -> None:
    model = Freezing(nn.Linear(2, 2), nn.BatchNorm1d(2))
    assert model[1].training
    begin_training(model)
    assert (model.training, model[0].training, model[1].training) == (True, True, False)


def test_what_the_factory_froze_stays_so() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), Merging())
    model[1].eval()
    model[2].eval()
    begin_training(model)
    assert [module.training for module in model] == [True, False, False]
    assert model[2].merged


def test_a_model_as_pretrained_trains_altogether() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).eval()
    begin_training(model)
    assert all(module.training for module in model.modules())


def test_a_model_is_told_when_evaluation_ends() -> None:
    model = nn.Sequential(Merging(), nn.Dropout())
    model[1].eval()
    with evaluating(model):
        assert model[0].merged
        assert torch.equal(model[0].weight, torch.full((2,), 1.5))
    assert not model[0].merged
    assert torch.equal(model[0].weight, torch.ones(2))
    assert [module.training for module in model] == [True, False]
