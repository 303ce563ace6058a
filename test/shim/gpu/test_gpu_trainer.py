"""Trainers as people write them, where CUDA is visible and where it is not."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from adapter_tasks import language, tiny_llama
from fake_cuda import FakeCuda, fake_cuda
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.torch_settings import changed_settings, kept_settings
from jupyterlab_saturn.training.adapters import NeedsNative, adapt
from jupyterlab_saturn.training.native.environment import launched
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup
from jupyterlab_saturn.training.task import factory
from jupyterlab_saturn.training.task.factory import build_task
from jupyterlab_saturn.training.task.placement import made_on_cpu
from torch._dynamo.trace_rules import get_torch_obj_rule_map

plain = functools.partial(language, use_cpu=False)
"""A Trainer of which nothing says that it is for the CPU."""


@dataclass
class Seen:
    """Two GPUs as the second rank of a group sees them, and where modules are to go."""

    cuda: FakeCuda
    moves: list[torch.device]


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    moves: list[torch.device] = []
    to = torch.nn.Module.to

    def moved(module: torch.nn.Module, *args: Any, **options: Any) -> torch.nn.Module:
        device = torch._C._nn._parse_to(*args, **options)[0]
        if device is not None:
            moves.append(device)
        return (
            module if device is not None and device.type == "cuda" else to(module, *args, **options)
        )

    get_torch_obj_rule_map()  # made once, of what torch.cuda really is
    monkeypatch.setattr(torch.nn.Module, "to", moved)
    with fake_cuda(2) as cuda:
        cuda.current, cuda.initialized = 1, True
        yield Seen(cuda, moves)


@pytest.fixture(params=["hidden", "visible"])
def either(request: pytest.FixtureRequest) -> None:
    """Where GPUs are hidden, as in inspections, and where they are visible, as in ranks."""
    if request.param == "visible":
        request.getfixturevalue("gpus")


@pytest.fixture(autouse=True)
def settings_of_its_own() -> Iterator[None]:
    with kept_settings(torch):
        yield


@pytest.fixture(autouse=True)
def no_word_of_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", "")  # put back afterwards
    monkeypatch.delenv("ACCELERATE_USE_CPU")


def built(monkeypatch: pytest.MonkeyPatch, made: Any) -> Task:
    """What ranks and inspections build of a factory."""
    monkeypatch.setattr(factory, "call_factory", lambda *_: made())
    return build_task(None, {"sweep": "task"})  # type: ignore[arg-type, typeddict-item]


def test_a_trainer_leaves_model_and_device_alone(
    gpus: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = built(monkeypatch, plain)
    assert all(device.type == "cpu" for device in gpus.moves)
    assert gpus.cuda.current == 1 and 0 not in gpus.cuda.chosen
    assert {p.device.type for p in task.model.parameters()} == {"cpu"}


def test_a_device_that_a_factory_chose_is_given_back(
    gpus: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chooses() -> Any:
        torch.cuda.set_device(0)
        return plain()

    built(monkeypatch, chooses)
    assert gpus.cuda.chosen == [0, 1]


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize(
    ("changes", "precision"),
    [({"bf16": True}, "bfloat16"), ({"fp16": True}, "float16"), ({"tf32": True}, "float32")],
)
def test_what_needs_a_gpu_is_taken_over(
    changes: dict[str, Any], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = built(monkeypatch, functools.partial(plain, **changes))
    assert task.precision == precision
    allowed = {"matmulPrecision": "high"} if "tf32" in changes else {}
    assert changed_settings(torch) == allowed


@pytest.mark.usefixtures("either")
def test_what_is_compiled_gets_as_far_as_its_own_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NeedsNative, match="torch_compile"):
        built(monkeypatch, functools.partial(plain, torch_compile=True, bf16=True))


@pytest.mark.usefixtures("either")
def test_defaults_of_trl_pass(tmp_path: Path) -> None:
    from trl import SFTConfig

    with made_on_cpu():
        args = SFTConfig(str(tmp_path))
    assert args.bf16 and args.device == torch.device("cpu")


@pytest.mark.usefixtures("gpus")
def test_a_device_map_puts_nothing_anywhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM

    tiny_llama().save_pretrained(tmp_path)

    def mapped() -> Any:
        model = AutoModelForCausalLM.from_pretrained(tmp_path, device_map="auto")
        return Task(
            model=model,
            data=[(torch.zeros(4, dtype=torch.long), torch.zeros(4, dtype=torch.long))] * 4,
            loss=lambda outputs, _: outputs.logits.mean(),
            optimizer=torch.optim.SGD,
            batch_size=2,
            steps=1,
        )

    model = built(monkeypatch, mapped).model
    assert {p.device.type for p in model.parameters()} == {"cpu"}
    assert not hasattr(model, "hf_device_map")


def test_what_a_factory_puts_on_a_gpu_comes_back(
    gpus: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = adapt(plain(use_cpu=True))
    gpus.moves.clear()
    monkeypatch.setattr(torch.Tensor, "is_cuda", True)
    monkeypatch.setattr(factory, "adapt", lambda made: made)
    built(monkeypatch, lambda: task)
    assert gpus.moves == [torch.device("cpu")]
    assert gpus.cuda.emptied == 1


def test_another_default_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def default() -> Any:
        made = plain()
        torch.set_default_device("meta")
        return made

    with pytest.raises(SaturnError) as caught:
        built(monkeypatch, default)
    assert caught.value.code == "default-device"
    assert torch.get_default_device().type == "cpu"


@pytest.mark.parametrize("rank", [0, 1])
def test_a_trainers_own_loop_takes_the_gpu_of_its_rank(
    rank: int, gpus: Seen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import torch.distributed as dist
    from transformers import TrainingArguments

    for name, value in {
        "is_initialized": lambda: True,
        "get_world_size": lambda *_: 2,
        "get_rank": lambda *_: rank,
        "get_backend": lambda *_: "nccl",
    }.items():
        monkeypatch.setattr(dist, name, value)
    for name in ("RANK", "LOCAL_RANK", "GROUP_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE"):
        monkeypatch.setenv(name, "")
    with launched(ProcessGroup(rank, 2), "job", "cuda"):
        args = TrainingArguments(str(tmp_path), report_to=[])
    assert args.device == torch.device("cuda", rank)
    assert args.n_gpu == 1
    assert gpus.cuda.current == rank
