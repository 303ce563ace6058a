"""Batches of any nesting reach the device, and keep their types."""

from __future__ import annotations

from collections import OrderedDict, UserDict, defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import attrs
import numpy
import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.components.nested_tensors import move
from torch.nn.utils.rnn import pack_sequence

META = torch.device("meta")
ONES = torch.ones(2)


@dataclass(frozen=True)
class Frozen:
    x: torch.Tensor
    name: str = "a"
    made: Any = field(init=False, default=None)


@dataclass(slots=True)
class Slotted:
    x: torch.Tensor


@attrs.frozen
class Attrs:
    x: torch.Tensor


class Named(NamedTuple):
    x: torch.Tensor
    count: int


class OwnList(list[Any]):
    def __init__(self, source: str, parts: list[Any]) -> None:
        super().__init__(parts)
        self.source = source


class OwnDict(dict[str, Any]):
    def __init__(self, source: str, parts: dict[str, Any]) -> None:
        super().__init__(parts)
        self.source = source


class Holder:
    def __init__(self) -> None:
        self.x = ONES


class Movable(Holder):
    def to(self, device: torch.device) -> Movable:
        made = Movable()
        made.x = self.x.to(device)
        return made


class ReadOnly(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        return {"x": ONES}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(["x"])

    def __len__(self) -> int:
        return 1


FIELDS = [Frozen(ONES), Slotted(ONES), Attrs(ONES), Named(ONES, 3), Movable()]
MAPPINGS = [
    {"x": ONES},
    OrderedDict(x=ONES),
    UserDict(x=ONES),
    defaultdict(list, x=ONES),
    OwnDict("here", {"x": ONES}),
]
SEQUENCES = [[ONES], (ONES,), deque([ONES]), OwnList("here", [ONES])]


def kind(value: Any) -> str:
    return type(value).__name__


@pytest.mark.parametrize("batch", FIELDS, ids=kind)
def test_fields_are_moved(batch: Any) -> None:
    moved = move(batch, META)
    assert type(moved) is type(batch)
    assert moved.x.device == META
    assert batch.x.device.type == "cpu"


@pytest.mark.parametrize("batch", MAPPINGS, ids=kind)
def test_mappings_keep_their_type(batch: Any) -> None:
    moved = move(batch, META)
    assert type(moved) is type(batch)
    assert moved["x"].device == META
    assert batch["x"].device.type == "cpu"
    assert getattr(moved, "source", None) == getattr(batch, "source", None)


@pytest.mark.parametrize("batch", [ReadOnly(), MappingProxyType({"x": ONES})], ids=kind)
def test_mappings_that_cannot_be_written_become_dicts(batch: Any) -> None:
    assert move(batch, META)["x"].device == META


@pytest.mark.parametrize("batch", SEQUENCES, ids=kind)
def test_sequences_keep_their_type(batch: Any) -> None:
    moved = move(batch, META)
    assert type(moved) is type(batch)
    assert moved[0].device == META
    assert batch[0].device.type == "cpu"


def test_packed_sequences_are_moved() -> None:
    packed = move(pack_sequence([torch.ones(3), torch.ones(2)]), META)
    assert packed.data.device == META


def test_batches_of_tokenizers_are_moved() -> None:
    tokenizers = pytest.importorskip("transformers.tokenization_utils_base")
    moved = move(tokenizers.BatchEncoding({"input_ids": ONES}), META)
    assert moved["input_ids"].device == META


def test_what_is_no_tensor_stays_as_it_is() -> None:
    array, thing = numpy.ones(2), object()
    batch = {"array": array, "name": "a", "none": None, "thing": thing, "many": {1, 2}}
    moved = move(batch, META)
    assert moved["array"] is array
    assert moved["thing"] is thing
    assert moved["many"] == {1, 2}


@pytest.mark.parametrize("batch", [Holder(), {ONES}, frozenset([ONES])], ids=kind)
def test_what_cannot_be_moved_is_refused_by_name(batch: Any) -> None:
    with pytest.raises(SaturnError) as caught:
        move([batch, 1], META)
    assert caught.value.code == "bad-batch"
    assert type(batch).__name__ in caught.value.message
    assert move(batch, torch.device("cpu")) is batch
