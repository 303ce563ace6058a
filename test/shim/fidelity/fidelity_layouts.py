"""What fidelity tests share: one bench to train on, all layouts, and how far apart results are."""

from __future__ import annotations

import atexit
import functools

import fidelity_reference
import torch
from fidelity_models import MODELS, STEPS
from fidelity_reference import Reference
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.conformance.test_bench import TestBench
from jupyterlab_saturn.training.techniques import TECHNIQUES
from nightly import NIGHTLY

WORLDS = (1, 2, 4)
BOUND = 1e-5

PRELOAD = (
    "fidelity_models",
    "transformers.models.llama.modeling_llama",
    "transformers.models.bert.modeling_bert",
    "transformers.trainer",
    "peft",
)
"""What ranks of fidelity tests need; loaded once, before the first rank of any test is forked."""


@functools.cache
def shared_bench() -> TestBench:
    """One bench for all tests, so that its ranks live on."""
    bench = TestBench(preload=PRELOAD)
    atexit.register(bench.close)
    return bench


@functools.cache
def reference(model: str) -> Reference:
    return fidelity_reference.train(MODELS[model], STEPS)


def layouts(task: Task) -> dict[str, Json]:
    """Wire ``Strategy`` objects by a short name, e.g. ``fsdp x 2, checkpointing True``."""
    found: dict[str, Json] = {}
    for technique in TECHNIQUES.values():
        for devices in WORLDS:
            if technique.feasible(task, devices, "cpu") is None:
                for choice in technique.choices(task, devices):
                    knobs = "".join(f", {key} {value}" for key, value in choice.knobs.items())
                    found[f"{technique.name} x {devices}{knobs}"] = {
                        "technique": technique.name,
                        "devices": devices,
                        "knobs": dict(choice.knobs),
                    }
    return found


def few(found: dict[str, Json]) -> dict[str, Json]:
    """Of each technique one layout on at most two devices, with the settings it offers last."""
    chosen = {
        strategy["technique"]: name for name, strategy in found.items() if strategy["devices"] <= 2
    }
    return {name: found[name] for name in chosen.values()}


def tried(found: dict[str, Json]) -> dict[str, Json]:
    """All layouts at night, otherwise a few."""
    return found if NIGHTLY else few(found)


def weights_of(task: Json) -> dict[str, torch.Tensor]:
    """The weights of a trained task."""
    paths = shared_bench().paths
    exported = paths.model_folder(task["name"]) / "weights.pt"
    file = exported if exported.exists() else paths.model(task["name"])
    weights: dict[str, torch.Tensor] = torch.load(file, weights_only=True)
    return weights


def deviation(weights: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> float:
    """The largest difference of an element; relative, for those above 1."""
    assert list(weights) == list(expected)
    apart = (
        ((weights[name] - value).abs() / value.abs().clamp(min=1)).max()
        for name, value in expected.items()
    )
    return float(torch.stack(list(apart)).max())


def relative(values: list[float], expected: list[float]) -> float:
    """The largest relative difference of numbers."""
    return max(abs(a - b) / abs(b) for a, b in zip(values, expected, strict=True))


def too_far(deviations: dict[str, float]) -> dict[str, float]:
    """Those that exceed the bound, or are no numbers."""
    return {name: value for name, value in deviations.items() if not value <= BOUND}
