"""Oddities of what a model remembers besides the weights that are trained."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ...task import Task, loss_of_model
from .oddity import Oddity, plain_model, plain_task
from .probe_tasks import CLASSES, FEATURES, SAMPLES, WIDTH


class Taught(nn.Module):
    """A block with a frozen copy that follows it."""

    def __init__(self, student: nn.Module) -> None:
        super().__init__()
        self.student = student
        self.teacher = copy.deepcopy(student).requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            pairs = zip(self.teacher.parameters(), self.student.parameters(), strict=True)
            with torch.no_grad():
                for old, new in pairs:
                    old.lerp_(new, 0.2)
        found: torch.Tensor = self.student(x) - 0.5 * self.teacher(x)
        return found


class Counting(nn.Module):
    """A block whose outputs hang on how many forwards there were, which a buffer counts."""

    passes: torch.Tensor

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block
        self.register_buffer("passes", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.passes += 1
        found: torch.Tensor = self.block(x) * (1 + 0.1 * self.passes)
        return found


class Centred(nn.Module):
    """A block that takes off the mean of all samples seen, as a buffer has it."""

    centre: torch.Tensor

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block
        self.register_buffer("centre", torch.zeros(WIDTH))

    def forward(self, x: torch.Tensor) -> Any:
        found = self.block(x - self.centre)
        if self.training:
            with torch.no_grad():
                self.centre = self.centre.lerp(x.mean(0), 0.3)
        return found


class Remembering(nn.Module):
    """A block with state that is no tensor.

    Parameters
    ----------
    counts
        Whether it counts forwards, on which its outputs hang.
    """

    def __init__(self, block: nn.Module, counts: bool) -> None:
        super().__init__()
        self.block = block
        self.counts = counts
        self.memory = {"passes": 0, "names": ["a", "b"]}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        passes: Any = self.memory["passes"]
        if self.training and self.counts:
            self.memory = {**self.memory, "passes": passes + 1}
        found: torch.Tensor = self.block(x) * (1 + 0.1 * passes)
        return found

    def get_extra_state(self) -> Any:
        return self.memory

    def set_extra_state(self, state: Any) -> None:
        self.memory = state


class Normalised(nn.Module):
    """A block before batch normalisation."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block
        self.norm = nn.BatchNorm1d(WIDTH)

    def forward(self, x: torch.Tensor) -> Any:
        return self.norm(self.block(x))


class OwnLoss(nn.Module):
    """A model that computes its loss, in which there is something to train, too."""

    def __init__(self) -> None:
        super().__init__()
        self.net = plain_model()
        self.margins = nn.Parameter(torch.ones(CLASSES))

    def forward(self, inputs: torch.Tensor, labels: torch.Tensor) -> Any:
        logits = self.net(inputs) * self.margins
        return {"loss": functional.cross_entropy(logits, labels), "logits": logits}


def _taught() -> Task:
    return plain_task(plain_model(Taught))


def _counting() -> Task:
    return plain_task(plain_model(Counting))


def _centred() -> Task:
    return plain_task(plain_model(Centred))


def _extra() -> Task:
    return plain_task(plain_model(lambda block: Remembering(block, counts=False)))


def _extra_changed() -> Task:
    return plain_task(plain_model(lambda block: Remembering(block, counts=True)))


def _normalised() -> Task:
    return plain_task(plain_model(Normalised), drop_last=False)


def _normalised_in_parts() -> Task:
    return plain_task(plain_model(Normalised), micro_batches=4)


def _own_loss() -> Task:
    labelled = [
        {"inputs": torch.randn(FEATURES), "labels": torch.randint(0, CLASSES, ())}
        for _ in range(SAMPLES)
    ]
    return plain_task(OwnLoss(), data=labelled, eval_data=labelled[:5], loss=loss_of_model)


ODD_STATE = (
    Oddity(
        name="momentum-teacher",
        promise="Frozen parameters that the forward changes go along.",
        make=_taught,
        lacks=frozenset({"constant-state"}),
        stops=True,
    ),
    Oddity(
        name="counting-buffer",
        promise="Buffers that the forward changes go along.",
        make=_counting,
        lacks=frozenset({"constant-state"}),
        stops=True,
    ),
    Oddity(
        name="sample-buffer",
        promise="What buffers know of samples is of those on all devices.",
        make=_centred,
        lacks=frozenset({"constant-state", "equal-state"}),
        stops=True,
    ),
    Oddity(
        name="extra-state",
        promise="State of modules that is no tensor goes along.",
        make=_extra,
        stops=True,
    ),
    Oddity(
        name="counting-extra-state",
        promise="State that is no tensor and that the forward changes goes along.",
        make=_extra_changed,
        lacks=frozenset({"constant-state"}),
        stops=True,
    ),
    Oddity(
        name="batch-norm",
        promise="Running statistics are of all devices' samples, once a step.",
        make=_normalised,
        stops=True,
    ),
    Oddity(
        name="batch-norm-in-parts",
        promise="Running statistics are of each micro-batch, once.",
        make=_normalised_in_parts,
    ),
    Oddity(
        name="loss-parameter",
        promise="Parameters of a model's own loss are trained.",
        make=_own_loss,
    ),
)
