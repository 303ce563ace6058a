"""Tensors on a GPU that a notebook's function refers to."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel.capture import capture

moved: list[int] = []


@pytest.fixture(autouse=True)
def all_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tensors are on a GPU until they are fetched, and cannot be pickled there."""
    moved.clear()
    fetched: set[int] = set()
    alive = []
    cpu, reduce = torch.Tensor.cpu, torch.Tensor.__reduce_ex__

    def fetch(tensor: torch.Tensor) -> torch.Tensor:
        copy = cpu(tensor).clone()
        alive.append(copy)
        fetched.add(copy.untyped_storage().data_ptr())
        moved.append(tensor.numel())
        return copy

    def is_cuda(tensor: torch.Tensor) -> bool:
        return tensor.untyped_storage().data_ptr() not in fetched

    def guarded(tensor: torch.Tensor, protocol: int) -> Any:
        assert not tensor.is_cuda
        return reduce(tensor, protocol)

    monkeypatch.setattr(torch.Tensor, "cpu", fetch)
    monkeypatch.setattr(torch.Tensor, "is_cuda", property(is_cuda))
    monkeypatch.setattr(torch.Tensor, "__reduce_ex__", guarded)


def test_they_are_taken_along_on_the_cpu() -> None:
    weight = torch.arange(3.0, requires_grad=True)

    def f() -> torch.Tensor:
        return weight

    loaded = pickle.loads(capture(f).payload)()
    assert loaded.requires_grad and loaded.tolist() == [0.0, 1.0, 2.0]
    assert 3 in moved


def test_models_stay_models_and_ties_stay_ties() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    model[1].weight = model[0].weight
    model[0].bias.requires_grad_(False)
    model[1].bias.no_decay = True  # type: ignore[assignment]

    def f() -> torch.nn.Module:
        return model

    loaded = pickle.loads(capture(f).payload)()
    assert loaded[0].weight is loaded[1].weight
    assert type(loaded[0].weight) is torch.nn.Parameter
    assert not loaded[0].bias.requires_grad
    assert loaded[1].bias.no_decay
    assert torch.equal(loaded[0].weight, model[0].weight)


def test_what_is_no_plain_tensor_is_refused_by_name() -> None:
    class Packed(torch.Tensor):
        pass

    packed = torch.arange(3.0).as_subclass(Packed)

    def f() -> torch.Tensor:
        return packed

    with pytest.raises(SaturnError, match=r"'packed'.*Packed that is on a GPU"):
        capture(f)
