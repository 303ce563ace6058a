"""A run that switches from any layout to any other trains what an unbroken one trains."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
import torch
from fidelity_layouts import (
    deviation,
    few,
    layouts,
    reference,
    relative,
    shared_bench,
    too_far,
    tried,
    weights_of,
)
from fidelity_models import BATCH, SAMPLES, STEPS, STEPS_PER_EPOCH, gpt, indexed_mlp, sample_numbers
from fidelity_reference import order
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.task.data_order import TrainBatches
from jupyterlab_saturn.training.task.samples import Samples
from nightly import NIGHTLY, nightly
from torch.utils.data import TensorDataset

SWITCH = 3
"""In mid-epoch."""

MID_EPOCH = [step for step in range(1, STEPS) if step % STEPS_PER_EPOCH != 0]
assert SWITCH in MID_EPOCH


@pytest.mark.timeout(1800)
def test_a_run_through_all_techniques_is_as_an_unbroken_one() -> None:
    """Each is switched to, and from, once in mid-epoch."""
    bench, expected = shared_bench(), reference("gpt")
    found = few(layouts(gpt()))
    names = [*found, next(iter(found))]
    assert 5 < len(names) <= len(MID_EPOCH) + 1
    task = bench.spec(gpt)
    losses: list[float] = []
    for name, end in zip(names, [*MID_EPOCH[: len(names) - 1], STEPS], strict=True):
        until = end if end < STEPS else None
        outcome = bench.train(task, found[name], steps=STEPS, until=until, save=True)[0]
        assert outcome.began == len(losses)
        losses += outcome.losses
    assert too_far({"losses": relative(losses, expected.losses)}) == {}
    assert too_far({"weights": deviation(weights_of(task), expected.weights)}) == {}


@nightly
@pytest.mark.timeout(7200)
def test_a_switch_in_mid_epoch_changes_nothing(
    record_property: Callable[[str, object], None],
) -> None:
    """From any layout to any other."""
    bench, expected = shared_bench(), reference("gpt")
    found = layouts(gpt())
    begun = {}
    for first in found:
        task = begun[first] = bench.spec(gpt)
        losses = bench.train(task, found[first], steps=STEPS, until=SWITCH, save=True)[0].losses
        assert relative(losses, expected.losses[:SWITCH]) < 1e-5
    deviations = {}
    for first, second in permutations(found, 2):
        task = begun[first]  # which is only read from here on
        outcome = bench.train(task, found[second], steps=STEPS)[0]
        assert outcome.began == SWITCH
        deviations[f"{first} to {second}"] = max(
            relative(outcome.losses, expected.losses[SWITCH:]),
            deviation(weights_of(task), expected.weights),
        )
    record_property("switches", len(deviations))
    record_property("worst", max(deviations.values()))
    assert len(deviations) > 5
    assert too_far(deviations) == {}


@pytest.mark.timeout(1800)
def test_many_switches_in_one_run_change_nothing() -> None:
    """And each sample of an epoch is trained on once."""
    steps, generator = 31 if NIGHTLY else 2 * STEPS_PER_EPOCH + 1, random.Random(4)
    bench = shared_bench()
    found = tried(layouts(indexed_mlp()))
    unbroken, broken = bench.spec(indexed_mlp), bench.spec(indexed_mlp)
    expected = bench.train(unbroken, {"technique": "single", "devices": 1}, steps=steps)[0].losses
    losses: list[float] = []
    seen: list[list[int]] = []
    last = ""
    for step in range(steps):
        last = generator.choice([name for name in found if name != last])
        outcomes = bench.train(
            broken,
            found[last],
            steps=steps,
            until=step + 1 if step + 1 < steps else None,
            save=True,
            probe=sample_numbers,
        )
        losses += outcomes[0].losses
        # Ranks that share a part of the batch have seen the same of it.
        parts = {outcome.part: outcome.probed[0] for outcome in outcomes}
        assert all(parts[outcome.part] == outcome.probed[0] for outcome in outcomes)
        seen.append([n for _, part in sorted(parts.items()) for micro in part for n in micro])
    assert too_far({"losses": relative(losses, expected)}) == {}
    assert too_far({"weights": deviation(weights_of(broken), weights_of(unbroken))}) == {}
    for epoch in range(steps // STEPS_PER_EPOCH):
        of_epoch = seen[epoch * STEPS_PER_EPOCH : (epoch + 1) * STEPS_PER_EPOCH]
        assert [n for batch in of_epoch for n in batch] == order(epoch, SAMPLES)[
            : BATCH * STEPS_PER_EPOCH
        ]


@pytest.mark.parametrize("case", range(100))
def test_any_way_to_split_and_to_go_on_takes_each_sample_once(case: int) -> None:
    """Random sizes, seeds and switches, each step on another number of ranks."""
    generator = random.Random(case)
    batch = generator.choice([1, 2, 4, 6, 8, 12])
    count = generator.randint(batch, 5 * batch + 3)
    seed, micro_batches = generator.randrange(1000), generator.choice([1, 2, 3, 4])
    data = TensorDataset(torch.arange(count))
    samples = Samples(data, None, seed)
    task = Task(
        model=torch.nn.Linear(1, 1),
        data=data,
        loss=torch.nn.functional.mse_loss,
        optimizer=torch.optim.SGD,
        batch_size=batch,
        micro_batches=micro_batches,
        drop_last=generator.random() < 0.5,
    )
    counts = [n for n in (1, 2, 3, 4, 6, 8) if batch % n == 0]
    per_epoch = count // batch if task.drop_last else -(-count // batch)
    for epoch in range(3):
        seen: list[int] = []
        for step in range(epoch * per_epoch, (epoch + 1) * per_epoch):
            ranks = generator.choice(counts)
            for rank in range(ranks):
                batches = TrainBatches(task, samples, seed, rank, ranks)
                counted = [m for m in batches.micro_batches(step) if m.weight > 0]
                seen += [n for m in counted for n in numbers(m.batch)]
        assert len(seen) == len(set(seen)) == min(per_epoch * batch, count)


def numbers(batch: Any) -> list[int]:
    (indices,) = batch
    found: list[int] = indices.tolist()
    return found
