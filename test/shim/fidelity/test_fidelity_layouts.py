"""Every technique and layout, on 1, 2 and 4 ranks, trains what a plain loop trains."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from fidelity_layouts import (
    BOUND,
    deviation,
    layouts,
    reference,
    relative,
    shared_bench,
    too_far,
    tried,
    weights_of,
)
from fidelity_models import MODELS, STEPS, export, gpt
from fidelity_reference import train
from jupyterlab_saturn.errors import Json
from nightly import NIGHTLY, nightly

# What must be among the layouts, so that a technique that refuses all proves nothing.
_WAYS = {"single", "ddp", "fsdp", "hsdp", "offload", "pipeline"}
_ALL_WAYS = {*_WAYS, "tensor", "fsdp-tensor"}
WAYS = {"mlp": _WAYS, "cnn": _WAYS, "gpt": _ALL_WAYS, "llama": _ALL_WAYS, "lora": _ALL_WAYS}


BY_DAY = ("cnn", "gpt")
"""Models that are not left out by day: blocks or none, buffers, and layers that can be split."""

DRAWING = ("ddp", "fsdp", "pipeline", "tensor")
"""Techniques that are not left out by day: each divides what is drawn in another way."""


def layouts_of(model: str) -> dict[str, Json]:
    """Layouts of a model, of all techniques that can run it."""
    found = layouts(MODELS[model]())
    assert {strategy["technique"] for strategy in found.values()} == WAYS[model]
    return tried(found)


@dataclass(frozen=True)
class Trained:
    """How far a layout is from the plain loop, and where its model is."""

    losses: float
    weights: float
    metrics: float
    path: Path


@functools.cache
def trained(model: str) -> dict[str, Trained]:
    """A model, trained to the end in each layout."""
    bench, expected = shared_bench(), reference(model)
    found: dict[str, Trained] = {}
    for name, strategy in layouts_of(model).items():
        task = bench.spec(MODELS[model])
        outcome = bench.train(task, strategy, steps=STEPS)[0]
        folder = bench.paths.model_folder(task["name"])
        found[name] = Trained(
            losses=relative(outcome.losses, expected.losses),
            weights=deviation(weights_of(task), expected.weights),
            metrics=relative([*outcome.metrics.values()], [*expected.metrics.values()]),
            path=folder if folder.exists() else bench.paths.model(task["name"]),
        )
    return found


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "model", [pytest.param(m, marks=() if m in BY_DAY else nightly) for m in MODELS]
)
def test_a_layout_trains_what_a_plain_loop_trains(model: str) -> None:
    found = trained(model)
    assert too_far({name: each.losses for name, each in found.items()}) == {}
    assert too_far({name: each.weights for name, each in found.items()}) == {}
    assert too_far({name: each.metrics for name, each in found.items()}) == {}


@pytest.mark.parametrize("lost", ["clip_norm", "schedule"])
def test_what_could_be_lost_would_show(lost: str) -> None:
    without = train(functools.partial(gpt, **{lost: None}), STEPS)
    assert relative(without.losses, reference("gpt").losses) > 10 * BOUND


@pytest.mark.timeout(1800)
def test_a_trained_model_loads_without_this_package(tmp_path: Path) -> None:
    """In every layout, and as the model of the plain loop does."""
    chosen = MODELS if NIGHTLY else BY_DAY
    models = {model: [saved_by_hand(model, tmp_path / model)] for model in chosen}
    for model, files in models.items():
        files += [each.path for each in trained(model).values()]
    answers = iter(load_plainly([[m, str(path)] for m, files in models.items() for path in files]))
    for model, files in models.items():
        first, *others = (next(answers) for _ in files)
        assert others == pytest.approx([first] * len(others), rel=1e-4), model


def saved_by_hand(model: str, folder: Path) -> Path:
    """The model of the plain loop, saved as those of the layouts are."""
    folder.mkdir()
    task = MODELS[model]()
    if task.export is None:
        torch.save(reference(model).weights, folder / "model.pt")
        return folder / "model.pt"
    export(task.model, reference(model).weights, folder)
    return folder


def load_plainly(models: list[list[str]]) -> list[float]:
    """What trained models answer where this package cannot be imported."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("fidelity_plain.py"))],
        input=json.dumps(models),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answers: list[float] = json.loads(done.stdout)
    return answers


@pytest.mark.timeout(1800)
@nightly
def test_exact_random_drops_the_same_in_every_layout() -> None:
    bench = shared_bench()
    fields: dict[str, Any] = {"dropout": 0.2, "exact_random": True}
    plain = bench.spec(gpt, dropout=0.2)
    exact = bench.spec(gpt, **fields)
    single = {"technique": "single", "devices": 1}
    expected = bench.train(exact, single, steps=STEPS)[0].losses
    weights = weights_of(exact)
    # Dropout is on: it makes a difference.
    assert relative(expected, reference("gpt").losses) > 1e-3
    assert bench.train(plain, single, steps=STEPS)[0].losses != expected
    deviations = {}
    for name, strategy in tried(layouts(gpt(**fields))).items():
        if not NIGHTLY and strategy["technique"] not in DRAWING:
            continue
        task = bench.spec(gpt, **fields)
        losses = bench.train(task, strategy, steps=STEPS)[0].losses
        deviations[name] = max(relative(losses, expected), deviation(weights_of(task), weights))
    assert len(deviations) > 3
    assert too_far(deviations) == {}
