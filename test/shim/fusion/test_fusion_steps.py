"""Steps of several adapters by one forward are those that each makes alone."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from fusion_tasks import gpt2, lora
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.fusion import FusedModel
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup
from jupyterlab_saturn.training.runtime.workload_spec import WorkloadSpec
from jupyterlab_saturn.training.task.data_order import TrainBatches
from jupyterlab_saturn.training.task.samples import Samples
from jupyterlab_saturn.training.techniques import Context, Runner
from nightly import nightly
from torch.utils.checkpoint import checkpoint

STEPS = 12
torch.set_num_threads(1)
CPU = torch.device("cpu")
Make = Callable[[], Task]

MIXED: list[dict[str, Any]] = [
    {"rank": 2, "alpha": 4, "lr": 3e-3, "clip": 1.0},
    {"rank": 4, "alpha": 16, "lr": 1e-2, "decay": 0.1, "schedule": "cosine"},
    {"rank": 8, "alpha": 12, "lr": 1e-3, "clip": 0.5, "schedule": "linear", "shift": 3},
    {"rank": 3, "alpha": 5, "lr": 3e-3, "decay": 0.01, "shift": 7},
]


def spec(name: str) -> WorkloadSpec:
    task: Any = {"name": name, "hash": name, "seed": 0}
    strategy: Any = {"technique": "single", "devices": 1}
    return WorkloadSpec(task=task, strategy=strategy, paths=SessionPaths.of_folder("/nowhere"))


def context() -> Context:
    return Context(world=ProcessGroup(0, 1), device=CPU, steps=STEPS)


def built(make: Make, seed: int) -> Task:
    torch.manual_seed(seed)
    return make()


class Alone:
    """A task that is stepped by its own runner."""

    def __init__(self, make: Make, seed: int, runner: Runner | None = None) -> None:
        task = built(make, seed)
        self.runner = runner or Runner(task, task.model, context())
        self.begin(task, seed)

    def begin(self, task: Task, seed: int) -> None:
        self.batches = TrainBatches(
            task, Samples(task.data, task.collate, seed), seed, 0, 1, task.micro_batches
        )

    def step(self, number: int) -> float:
        return float(self.runner.step(self.batches.micro_batches(number)))


def weights(runner: Runner) -> dict[str, torch.Tensor]:
    return {n: p.detach().clone() for n, p in runner.module.named_parameters() if p.requires_grad}


def fused(makes: Sequence[Make]) -> tuple[FusedModel, list[Runner], list[TrainBatches]]:
    model, runners, batches = FusedModel(), [], []
    for number, make in enumerate(makes):
        task = built(make, number)
        runner = model.build(spec(f"t{number}"), task, context())
        runners.append(runner)
        batches.append(
            TrainBatches(
                task, Samples(task.data, task.collate, number), number, 0, 1, task.micro_batches
            )
        )
    return model, runners, batches


def train(makes: Sequence[Make], steps: int = STEPS) -> tuple[list[list[float]], list[Runner]]:
    model, runners, batches = fused(makes)
    losses: list[list[float]] = [[] for _ in makes]
    for step in range(steps):
        loaded = {r: b.micro_batches(step) for r, b in zip(runners, batches, strict=True)}
        made = model.steps.make(loaded)
        for runner, own in zip(runners, losses, strict=True):
            share = made[runner]
            assert isinstance(share, torch.Tensor), share
            own.append(float(share))
    assert not model.steps.apart
    return losses, runners


def largest_difference(makes: Sequence[Make], steps: int = STEPS) -> tuple[float, float]:
    """Of losses and of weights, between tasks trained fused and alone."""
    losses, runners = train(makes, steps)
    of_losses = of_weights = 0.0
    for number, make in enumerate(makes):
        alone = Alone(make, number)
        own = [alone.step(step) for step in range(steps)]
        of_losses = max(of_losses, *(abs(a - b) for a, b in zip(own, losses[number], strict=True)))
        fused_weights = weights(runners[number])
        for name, value in weights(alone.runner).items():
            of_weights = max(of_weights, float((fused_weights[name] - value).abs().max()))
    return of_losses, of_weights


def makes_of(settings: Sequence[dict[str, Any]], **common: Any) -> list[Make]:
    return [lambda own=own: lora(**own, **common) for own in settings]  # type: ignore[misc]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_fused_steps_are_those_of_each_alone(count: int) -> None:
    losses, weights = largest_difference(makes_of(MIXED[:count]))
    assert losses < 1e-5
    assert weights < 1e-5


def test_batches_of_unlike_length_are_filled_up() -> None:
    settings = [{**own, "length": 8 + n, "ragged": 3} for n, own in enumerate(MIXED)]
    losses, weights = largest_difference(makes_of(settings))
    assert losses < 1e-5
    assert weights < 1e-5


def test_micro_batches_and_bfloat16() -> None:
    losses, _ = largest_difference(makes_of(MIXED, micro_batches=2))
    assert losses < 1e-5
    losses, _ = largest_difference(makes_of(MIXED[:2], precision="bfloat16"), steps=4)
    assert losses < 2e-2


def test_dropout_draws_what_each_draws_alone() -> None:
    settings = [{**own, "peft": {"lora_dropout": 0.1 * n}} for n, own in enumerate(MIXED)]
    losses, weights = largest_difference(makes_of(settings))
    assert losses < 1e-5
    assert weights < 1e-5


def test_a_model_with_dropout_and_linear_layers_of_its_own() -> None:
    makes: list[Make] = [
        lambda own=own, n=n: lora(  # type: ignore[misc]
            **own,
            model=gpt2(0.1),
            micro_batches=2,
            peft={"target_modules": ["c_attn", "c_fc"], "lora_dropout": 0.1 * n},
        )
        for n, own in enumerate(MIXED[:3])
    ]
    losses, weights = largest_difference(makes, 8)
    assert losses < 1e-5
    assert weights < 1e-5


@pytest.mark.parametrize("reentrant", [False, True])
def test_blocks_that_are_computed_again_in_the_backward(reentrant: bool) -> None:
    def make(own: dict[str, Any], dropout: float, model: Any, places: list[str]) -> Task:
        peft = {"target_modules": places, "lora_dropout": dropout}
        task = lora(**own, model=model, micro_batches=2, peft=peft)
        task.model.gradient_checkpointing_enable({"use_reentrant": reentrant})
        task.model.enable_input_require_grads()  # as trl and transformers do it
        return task

    for drops in (0.0, 0.1):
        makes = [
            partial(make, own, drops * n, gpt2(drops), ["c_attn", "c_fc"])
            for n, own in enumerate(MIXED[:2])
        ]
        losses, weights = largest_difference(makes, 4)
        assert losses < 1e-5
        assert weights < 1e-5


def test_a_model_that_computes_its_blocks_again_by_itself() -> None:
    def make(own: dict[str, Any]) -> Task:
        task = lora(**own, peft={"lora_dropout": 0.1})
        for layer in task.model.get_submodule("base_model.model.model.layers"):
            layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)
        return task

    losses, weights = largest_difference([partial(make, own) for own in MIXED[:2]], 4)
    assert losses < 1e-5
    assert weights < 1e-5


@pytest.mark.parametrize("reentrant", [False, True])
def test_a_dropout_that_is_used_again_where_blocks_are_computed_again(reentrant: bool) -> None:
    def make(own: dict[str, Any], dropout: float) -> Task:
        model = gpt2(0.1)
        same = model.transformer.drop  # of the embedding, and twice in each of the blocks
        for block in model.transformer.h:
            block.attn.resid_dropout = block.mlp.dropout = same
        places = ["c_attn", "c_fc"]
        task = lora(**own, model=model, peft={"target_modules": places, "lora_dropout": dropout})
        task.model.gradient_checkpointing_enable({"use_reentrant": reentrant})
        task.model.enable_input_require_grads()
        return task

    makes = [partial(make, own, 0.1 * (1 + n)) for n, own in enumerate(MIXED[:2])]
    losses, weights = largest_difference(makes, 4)
    assert losses < 1e-5
    assert weights < 1e-5


def test_ranks_and_scales_of_places_of_their_own() -> None:
    patterns = [
        {"use_rslora": True},
        {"rank_pattern": {"q_proj": 1}, "alpha_pattern": {"v_proj": 3}},
        {"init_lora_weights": False},
    ]
    settings = [{**own, "peft": peft} for own, peft in zip(MIXED, patterns, strict=False)]
    losses, weights = largest_difference(makes_of(settings))
    assert losses < 1e-5
    assert weights < 1e-5


def test_last_batches_are_as_large_as_they_are() -> None:
    # Epochs of 6, 7 and 5 steps, whose last batches have 4, 1 and 3 samples.
    settings = [{**own, "count": n} for own, n in zip(MIXED, (24, 25, 19), strict=False)]
    losses, weights = largest_difference(makes_of(settings, micro_batches=2), 15)
    assert losses < 1e-5
    assert weights < 1e-5


def test_the_one_whose_model_it_is_leaves() -> None:
    makes: list[Make] = [
        lambda own=own: lora(**own, model=gpt2(0.1), peft={"target_modules": ["c_attn"]})
        for own in MIXED[:3]
    ]  # type: ignore[misc]
    model, runners, batches = fused(makes)
    for step in range(STEPS):
        going = [n for n in range(3) if n > 0 or step < 5]
        model.steps.make({runners[n]: batches[n].micro_batches(step) for n in going})
    for number in (1, 2):
        alone = Alone(makes[number], number)
        for step in range(STEPS):
            alone.step(step)
        own = weights(runners[number])
        for name, value in weights(alone.runner).items():
            assert float((own[name] - value).abs().max()) < 1e-5


def test_the_test_would_see_another_seed() -> None:
    makes = makes_of(MIXED[:2])
    _, runners = train(makes)
    other = Alone(makes[1], 5)
    for step in range(STEPS):
        other.step(step)
    differences = [
        float((value - weights(runners[1])[name]).abs().max())
        for name, value in weights(other.runner).items()
    ]
    assert max(differences) > 1e-3


def test_frozen_tensors_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    _, runners, _ = fused(makes_of(MIXED))
    host = dict(runners[0].module.named_parameters())
    for runner in runners[1:]:
        for name, parameter in runner.module.named_parameters():
            shared = parameter.data_ptr() == host[name].data_ptr()
            assert shared != parameter.requires_grad, name


@nightly
def test_no_more_bases_are_in_memory_than_that_of_all_and_one_that_is_built() -> None:
    # In a process of its own: what others have used before would hide a peak.
    found = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    base, most, after = (int(number) for number in found.stdout.split())
    assert most < 2.5 * base
    assert after < 1.5 * base


def memory() -> None:
    """Say how large the base is, and by how much a process with 8 tasks grows: at most, and on."""

    def largest() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    def now() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    train(makes_of([{}], batch_size=1), 1)
    before, begun = largest(), now()
    layers = {"hidden_size": 1024, "intermediate_size": 4096}
    _, runners = train(makes_of([{"lr": 1e-3}] * 8, config=layers, batch_size=1), 2)
    base = sum(p.numel() * 4 for p in runners[0].module.parameters() if not p.requires_grad)
    sys.stdout.write(f"{base} {largest() - before} {now() - begun}")


if __name__ == "__main__":
    memory()
