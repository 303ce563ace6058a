"""What objects of the user's have noted is written, and known again by others of their kind."""

from __future__ import annotations

import threading
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.native.attribute_snapshot import AttributeSnapshot
from jupyterlab_saturn.training.native.gradient_accumulation import GradientAccumulation
from jupyterlab_saturn.training.native.tensor_version import TensorVersions, version_of


def noting() -> tuple[Any, torch.nn.Module, type]:
    """Something of a class that is made with it, as in a function of a notebook."""

    class Record:
        def __init__(self) -> None:
            self.seen = [1]

    class Callback:
        def __init__(self, model: torch.nn.Module) -> None:
            self.calls = 0
            self.record = Record()
            self.means = torch.zeros(3)
            self.generator = torch.Generator().manual_seed(1)
            self.lock = threading.Lock()
            self.model = model
            self.noted: Any = None

    model = torch.nn.Linear(3, 3)
    return Callback(model), model, Record


def snapshot(callback: Any, model: torch.nn.Module) -> AttributeSnapshot:
    return AttributeSnapshot(lambda: {"callback": callback}, lambda: {"model": model}, dict)


def test_what_has_changed_is_known_again_in_the_objects_that_there_are(tmp_path: Path) -> None:
    callback, model, _ = noting()
    kept = snapshot(callback, model)
    assert kept.trouble is None
    callback.calls = 5
    callback.record.seen.append(callback.record)
    callback.means += 1
    torch.rand(1, generator=callback.generator)
    callback.noted = {"weight": model.weight, "copy": model.weight.detach().clone()}
    kept.save(tmp_path / "noted")

    other, fresh, kind = noting()
    means, lock, record = other.means, other.lock, other.record
    snapshot(other, fresh).restore(tmp_path / "noted")
    assert other.calls == 5
    assert other.record is record
    assert type(other.record) is kind
    assert other.record.seen == [1, record]
    assert other.means is means
    assert means.tolist() == [1.0, 1.0, 1.0]
    assert torch.equal(other.generator.get_state(), callback.generator.get_state())
    assert other.noted["weight"] is fresh.weight
    assert torch.equal(other.noted["copy"], model.weight)
    assert other.lock is lock
    assert other.model is fresh


@pytest.mark.parametrize("noted", [lambda one: [one], lambda one: {"of": {"one": one}}])
def test_what_a_library_has_made_meanwhile_is_not_lost_without_a_word(
    tmp_path: Path, noted: Any
) -> None:
    callback, model, _ = noting()
    kept = snapshot(callback, model)
    callback.noted = noted(torch.optim.SGD(model.parameters(), lr=1.0))
    kept.save(tmp_path / "noted")
    other, fresh, _ = noting()
    with pytest.raises(SaturnError, match="kept an object of a library in noted") as caught:
        snapshot(other, fresh).restore(tmp_path / "noted")
    assert caught.value.code == "hidden-state"


@pytest.mark.parametrize("kind", ["replaced", "by data"])
def test_averages_of_weights_are_kept_however_they_are_written(tmp_path: Path, kind: str) -> None:
    callback, model, _ = noting()
    callback.noted = {"average": torch.zeros(1000)}
    kept = snapshot(callback, model)
    for _ in range(20):
        if kind == "replaced":  # by one that soon is where an earlier one was
            callback.noted["average"] = callback.noted["average"] + 1
        else:  # of which PyTorch keeps no count
            callback.noted["average"].data.add_(1)
        kept.save(tmp_path / "noted")
        other, fresh, _ = noting()
        snapshot(other, fresh).restore(tmp_path / "noted")
        assert torch.equal(other.noted["average"], callback.noted["average"])


def test_what_is_large_is_written_without_a_copy_of_it(tmp_path: Path) -> None:
    callback, model, _ = noting()
    callback.record.seen = np.zeros(1 << 23)
    size = callback.record.seen.nbytes
    tracemalloc.start()
    try:
        kept = snapshot(callback, model)
        assert kept.can_save()
        kept.save(tmp_path / "noted")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size / 4
    assert (tmp_path / "noted").stat().st_size >= size


def test_a_tensor_has_another_version_once_it_is_written_into() -> None:
    versions, table = TensorVersions(), torch.zeros(3, 100).t()
    before = versions.of(table)
    assert versions.of(table) == before
    assert versions.of(table.clone()) != before
    table.data += 1
    assert versions.of(table) != before
    for odd in (torch.zeros(0), torch.eye(9).to_sparse(), torch.zeros(9, device="meta")):
        assert version_of(odd) == (0,)
    with torch.inference_mode():
        assert version_of(torch.ones(2)) == (None, 1.0, 1.0)
    for kind in (torch.bfloat16, torch.bool, torch.complex64, torch.int8, torch.float8_e4m3fn):
        assert version_of(torch.zeros(9, dtype=kind))[0] == 0


def test_what_moves_and_cannot_be_written_is_named() -> None:
    callback, model, _ = noting()
    callback.numbers = iter(number for number in range(3))
    assert snapshot(callback, model).trouble == (
        "callback keeps a generator in numbers, which cannot be saved"
    )


def test_gradients_wait_for_their_optimizer() -> None:
    steps, weight = GradientAccumulation(), torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    steps.made(optimizer)
    seen = []
    for batch in range(1, 7):
        steps.next_item()
        weight.sum().backward()
        if batch % 3 == 0:
            optimizer.step()
            steps.stepped(optimizer)  # its gradients stay until the next batch, as many have it
        seen.append(steps.is_open())
        if batch % 3 == 0:
            optimizer.zero_grad()
    assert seen == [True, True, False, True, True, False]


def test_an_optimizer_that_steps_no_more_is_not_waited_for() -> None:
    steps, weight = GradientAccumulation(), torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    steps.made(optimizer)
    steps.next_item()
    steps.stepped(optimizer)
    weight.sum().backward()
    open_after = []
    for _ in range(4):
        steps.next_item()
        open_after.append(steps.is_open())
    assert open_after[0]
    assert not open_after[-1]


def test_one_that_is_offered_amid_gradients_only_is_taken_at_last() -> None:
    steps, weight = GradientAccumulation(), torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    steps.made(optimizer)
    taken = []
    for batch in range(1, 41):
        steps.next_item()
        weight.sum().backward()
        if batch % 4 == 0:
            optimizer.step()
            steps.stepped(optimizer)
            optimizer.zero_grad()
        if batch % 8 == 1 and not steps.delays():
            taken.append(batch)
    assert taken == [9, 25]
