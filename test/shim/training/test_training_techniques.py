"""Finding the repeated layers of a model."""

from __future__ import annotations

import pytest
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.model.blocks import find_blocks
from jupyterlab_saturn.training.techniques import TECHNIQUES, find
from torch import nn


def stack(count: int) -> nn.ModuleList:
    return nn.ModuleList(nn.Linear(4, 4) for _ in range(count))


def test_the_longest_list_of_equal_layers_is_found() -> None:
    mixed = nn.Sequential(*(layer for _ in range(4) for layer in (nn.Linear(4, 4), nn.ReLU())))
    longest = stack(4)
    model = nn.ModuleDict({"short": stack(2), "long": longest, "mixed": mixed})
    assert find_blocks(model, None) == list(longest)


def test_layers_without_parameters_are_no_blocks() -> None:
    assert find_blocks(nn.Sequential(nn.ReLU(), nn.ReLU()), None) == []


def test_blocks_can_be_named() -> None:
    short = stack(2)
    model = nn.ModuleDict({"short": short, "long": stack(4)})
    assert find_blocks(model, "short") == list(short)


@pytest.mark.parametrize("name", ["nothing", "long.0"])
def test_a_wrong_name_is_refused(name: str) -> None:
    with pytest.raises(SaturnError) as caught:
        find_blocks(nn.ModuleDict({"long": stack(4)}), name)
    assert caught.value.code == "no-blocks"
    assert name in caught.value.message


def test_a_weight_shared_with_the_outside_keeps_the_model_whole() -> None:
    blocks, head = stack(3), nn.Linear(4, 4)
    model = nn.ModuleDict({"blocks": blocks, "head": head})
    assert len(find_blocks(model, None)) == 3
    head.weight = next(blocks[0].parameters())
    assert find_blocks(model, None) == []


def test_techniques_go_by_their_names() -> None:
    assert all(name == technique.name for name, technique in TECHNIQUES.items())
    with pytest.raises(SaturnError) as caught:
        find("magic")
    assert "single, ddp, fsdp" in str(caught.value)
