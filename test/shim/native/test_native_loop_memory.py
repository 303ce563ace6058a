"""What objects of the user's have noted is written, and known again by others of their kind."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import torch
from jupyterlab_saturn.training.native.gradient_window import GradientWindow
from jupyterlab_saturn.training.native.loop_memory import LoopMemory


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


def memory(callback: Any, model: torch.nn.Module) -> LoopMemory:
    return LoopMemory(lambda: {"callback": callback}, lambda: {"model": model}, dict)


def test_what_has_changed_is_known_again_in_the_objects_that_there_are(tmp_path: Path) -> None:
    callback, model, _ = noting()
    kept = memory(callback, model)
    assert kept.trouble is None
    callback.calls = 5
    callback.record.seen.append(callback.record)
    callback.means += 1
    torch.rand(1, generator=callback.generator)
    callback.noted = {"weight": model.weight, "copy": model.weight.detach().clone()}
    kept.save(tmp_path / "memory")

    other, fresh, kind = noting()
    means, lock, record = other.means, other.lock, other.record
    memory(other, fresh).restore(tmp_path / "memory")
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


def test_what_moves_and_cannot_be_written_is_named() -> None:
    callback, model, _ = noting()
    callback.numbers = iter(number for number in range(3))
    assert memory(callback, model).trouble == (
        "callback keeps a generator in numbers, which cannot be saved"
    )


def test_a_window_is_open_while_gradients_wait_for_their_optimizer() -> None:
    window, weight = GradientWindow(), torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    window.made(optimizer)
    seen = []
    for batch in range(1, 7):
        window.next_item()
        weight.sum().backward()
        if batch % 3 == 0:
            optimizer.step()
            window.stepped(optimizer)  # its gradients stay until the next batch, as many have it
        seen.append(window.is_open())
        if batch % 3 == 0:
            optimizer.zero_grad()
    assert seen == [True, True, False, True, True, False]


def test_an_optimizer_that_steps_no_more_is_not_waited_for() -> None:
    window, weight = GradientWindow(), torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    window.made(optimizer)
    window.next_item()
    window.stepped(optimizer)
    weight.sum().backward()
    open_after = []
    for _ in range(4):
        window.next_item()
        open_after.append(window.is_open())
    assert open_after[0]
    assert not open_after[-1]
