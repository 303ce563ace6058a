"""The oddities that techniques are tried with: odd in what they say, and sound otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from jupyterlab_saturn.training.adapters import adapt
from jupyterlab_saturn.training.components.seeding import seed_all
from jupyterlab_saturn.training.conformance.oddities import ODDITIES, odd
from jupyterlab_saturn.training.inspect.demands_probe import probe_demands
from jupyterlab_saturn.training.inspect.dry_run import dry_run
from jupyterlab_saturn.training.inspect.rehearsal import rehearse
from jupyterlab_saturn.training.task.samples import Samples
from jupyterlab_saturn.training.techniques import DEMANDS


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    seed_all(0)


@pytest.mark.parametrize("name", ODDITIES)
def test_an_inspection_finds_of_each_what_it_lacks(name: str) -> None:
    """Else a technique were tried with tasks that it is never given, or given untried ones."""

    def lacking() -> Iterator[str]:
        found = dry_run(task, samples, "cpu")
        if found is not None and found.idle:
            yield "every-gradient"
        yield from probe_demands(task, samples).unmet

    task = adapt(odd(name))
    samples = Samples(task.data, task.collate, 1)
    assert set(lacking()) == ODDITIES[name].lacks
    assert list(rehearse(task, 5, 1)) == []


def test_every_demand_is_tried() -> None:
    assert {demand for each in ODDITIES.values() for demand in each.lacks} == set(DEMANDS)
