"""What a notebook has changed of PyTorch's speed on GPUs holds in ranks, too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from jupyterlab_saturn.kernel.world import World, notebook_world
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.torch_settings import allow_tf32, changed_settings, kept_settings
from jupyterlab_saturn.training.model.performance_signature import signature
from jupyterlab_saturn.training.runtime.world import enter_world
from training_tasks import mlp


@pytest.fixture(autouse=True)
def settings_of_its_own() -> Iterator[None]:
    with kept_settings(torch):
        yield


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SessionPaths:
    monkeypatch.chdir(tmp_path)
    paths = SessionPaths("default", tmp_path)
    paths.ensure()
    return paths


def stored(paths: SessionPaths) -> World:
    """The notebook's world as it is now, written down."""
    world = notebook_world(paths, {})
    paths.world(world.file).write_bytes(world.content)
    return world


def by_operator() -> None:
    torch.backends.cuda.matmul.fp32_precision = "tf32"


def for_all() -> None:
    torch.backends.fp32_precision = "tf32"  # as transformers has it for tf32=True


@pytest.mark.parametrize(
    "allow",
    [
        lambda: torch.set_float32_matmul_precision("high"),
        lambda: allow_tf32(torch, True),
        by_operator,
        for_all,
    ],
)
def test_products_that_may_round_do_so_in_ranks(
    allow: Callable[[], None], paths: SessionPaths
) -> None:
    plain = stored(paths)
    with kept_settings(torch):
        allow()
        world = stored(paths)
    assert torch.get_float32_matmul_precision() == "highest"
    assert json.loads(world.content)["torch"] == {"matmulPrecision": "high"}
    assert world.digest != plain.digest
    enter_world(paths, world.file)
    assert torch.get_float32_matmul_precision() == "high"
    assert torch.backends.cuda.matmul.allow_tf32


def test_convolutions_are_as_in_the_notebook(paths: SessionPaths) -> None:
    with kept_settings(torch):
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.benchmark = True
        world = stored(paths)
    assert torch.backends.cudnn.allow_tf32 and not torch.backends.cudnn.benchmark
    enter_world(paths, world.file)
    assert torch.backends.cudnn.benchmark and not torch.backends.cudnn.allow_tf32


def test_speed_depends_on_them() -> None:
    batch = [torch.zeros(8, 6), torch.zeros(8, dtype=torch.long)]
    plain = signature(mlp(), batch)
    allow_tf32(torch, True)
    assert signature(mlp(), batch) != plain


def test_those_of_one_task_are_not_those_of_the_next() -> None:
    for change in (by_operator, for_all, lambda: allow_tf32(torch, False)):
        with kept_settings(torch):
            change()
            torch.backends.cudnn.benchmark = True
        assert changed_settings(torch) == {}
        assert torch.get_float32_matmul_precision() == "highest"
    for_all()
    assert changed_settings(torch) == {"matmulPrecision": "high"}
