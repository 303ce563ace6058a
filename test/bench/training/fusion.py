"""Steps of k adapters by one forward, against k steps of one each."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.task import Task, by_keyword
from jupyterlab_saturn.training.fusion import FusedModel
from jupyterlab_saturn.training.run.workload import Workload
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup
from jupyterlab_saturn.training.runtime.workload_spec import WorkloadSpec
from jupyterlab_saturn.training.techniques import Context, Runner
from torch.utils.data import Dataset

BASES = {"2.8 M": 192, "10.8 M": 384}
"""Width of the model, by its parameters."""

TOKENS = [(1, 16), (1, 32), (1, 64), (4, 64)]
"""Samples and their length, of a step of one task."""

COUNTS = (1, 2, 4, 8)
_WORDS = 2048
_STEPS = 1_000_000
_LEAST_SECONDS = 0.3


class _Texts(Dataset[Any]):
    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return 64

    def __getitem__(self, place: int) -> Any:
        tokens = (torch.arange(self._length) * (place + 3)) % _WORDS
        return {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}, tokens


@dataclass(frozen=True)
class Gain:
    """How many times as long k single steps take as a fused one, by the processor's work.

    Attributes
    ----------
    bound
        As `ratio`, of a step of one task whose batch has as many samples: with its one adapter,
        loss and optimizer the model takes that long for them whoever they are of.
    step
        Seconds of a fused step.
    """

    ratio: float
    bound: float
    step: float


def table(rounds: int) -> Iterator[tuple[str, tuple[int, int], list[Gain]]]:
    """For each base and number of tokens the gain by the number of tasks."""
    torch.set_num_threads(1)
    for name, width in BASES.items():
        for tokens in TOKENS:
            yield name, tokens, [gain(width, *tokens, count, rounds) for count in COUNTS]


def gain(width: int, samples: int, length: int, count: int, rounds: int) -> Gain:
    """Measure both sides by turns, so that they meet the same disturbances."""
    alone = [_alone(_task(width, samples, length)) for _ in range(count)]
    fused, steps = _together([_task(width, samples, length) for _ in range(count)])

    def together() -> None:
        Workload.advance_together({each: each.load() for each in fused}, steps)

    def one_by_one() -> None:
        for each in alone:
            each.advance()

    whole = _alone(_task(width, samples * count, length))

    def as_one() -> None:
        whole.advance()

    sides = (together, one_by_one, as_one)
    for side in sides:
        for _ in range(3):
            side()
    ratios, bounds, times = [], [], []
    for turn in range(rounds):
        found = {side: _seconds(side) for side in (sides if turn % 2 else reversed(sides))}
        ratios.append(found[one_by_one] / found[together])
        bounds.append(found[one_by_one] / found[as_one])
        times.append(found[together])
    return Gain(*(statistics.median(each) for each in (ratios, bounds, times)))


def _seconds(step: Callable[[], None]) -> float:
    """Work of the processor in a step."""
    begin, steps = time.process_time(), 0
    while time.process_time() - begin < _LEAST_SECONDS or steps < 3:
        step()
        steps += 1
    return (time.process_time() - begin) / steps


def _context() -> Context:
    return Context(world=ProcessGroup(0, 1), device=torch.device("cpu"), steps=_STEPS)


def _alone(task: Task) -> Workload:
    return Workload(task, Runner(task, task.model, _context()), 7, _STEPS)


def _together(tasks: list[Task]) -> tuple[list[Workload], Any]:
    model = FusedModel()
    made = []
    for number, task in enumerate(tasks):
        spec: Any = {"name": f"t{number}", "hash": str(number), "seed": number}
        strategy: Any = {"technique": "single", "devices": 1}
        paths = SessionPaths.of_folder("/nowhere")
        runner = model.build(
            WorkloadSpec(task=spec, strategy=strategy, paths=paths), task, _context()
        )
        made.append(Workload(task, runner, number, _STEPS))
    return made, model.steps


def _task(width: int, samples: int, length: int) -> Task:
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    base = LlamaForCausalLM(  # type: ignore[no-untyped-call]
        LlamaConfig(
            vocab_size=_WORDS, hidden_size=width, intermediate_size=4 * width,
            num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=4,
            max_position_embeddings=length, use_cache=False, tie_word_embeddings=True,
        )
    )  # fmt: skip
    config = LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"])
    model: Any = get_peft_model(base, config)  # type: ignore[arg-type]
    return Task(
        model, _Texts(length), _loss, partial(torch.optim.AdamW, lr=1e-3),
        batch_size=samples, forward=by_keyword,
    )  # fmt: skip


def _loss(outputs: Any, labels: torch.Tensor) -> torch.Tensor:
    logits = outputs["logits"][:, :-1]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())
