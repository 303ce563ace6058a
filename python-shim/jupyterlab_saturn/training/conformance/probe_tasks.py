"""Small tasks that show whether a technique changes what is trained."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn import functional
from torch.utils.data import TensorDataset

from ...task import Task

STEPS = 5  # the third begins another epoch
BATCH = 8
SAMPLES = 2 * BATCH + 3
FEATURES, WIDTH, CLASSES = 6, 16, 3
LLAMA = "transformers.models.llama.modeling_llama"
_HELD_OUT = 7


def stack(dropout: float = 0.0, **options: Any) -> Task:
    """Four equal blocks between two linear layers; options as `_task`."""
    blocks = nn.Sequential(*(_Block(dropout) for _ in range(4)))
    model = nn.Sequential(nn.Linear(FEATURES, WIDTH), blocks, nn.Linear(WIDTH, CLASSES))
    # Powers of two: no other choice of samples has the same sum.
    targets = 2 ** torch.arange(_HELD_OUT)
    return _task(
        model,
        torch.randn(SAMPLES, FEATURES),
        torch.randint(0, CLASSES, (SAMPLES,)),
        TensorDataset(torch.randn(_HELD_OUT, FEATURES), targets),
        **options,
    )


def hungry(memory_bytes: int, glutton: int | None = None) -> Task:
    """As `stack`, but each step takes so much memory for a moment.

    Parameters
    ----------
    glutton
        The one rank that takes it; all when None.
    """

    def take(device: torch.device) -> None:
        torch.empty(memory_bytes, dtype=torch.uint8, device=device)

    return _burdened(take, glutton)


def slow(seconds: float, straggler: int | None = None) -> Task:
    """As `stack`, but each step takes so long.

    Parameters
    ----------
    straggler
        The one rank that is slow; all when None.
    """
    return _burdened(lambda device: time.sleep(seconds), straggler)


def stray() -> Task:
    """As `stack`, but each step looks for what is not there, by an index out of range."""

    def forward(model: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
        beyond = torch.full((len(inputs),), FEATURES, device=inputs.device)
        outputs: torch.Tensor = model(inputs + inputs.sum(0)[beyond].unsqueeze(1))
        return outputs

    return stack(forward=forward)


def weighted() -> Task:
    """As `stack`, but its loss has a tensor of its own."""
    return stack(loss=nn.CrossEntropyLoss(weight=torch.arange(1.0, CLASSES + 1)))


def wide() -> Task:
    """A model whose memory can be told: 17 MB of parameters, and four times that with AdamW."""
    width = 2048
    model = nn.Sequential(
        nn.Linear(FEATURES, width), nn.Linear(width, width), nn.Linear(width, CLASSES)
    )
    inputs, targets = torch.randn(SAMPLES, FEATURES), torch.randint(0, CLASSES, (SAMPLES,))
    held_out = TensorDataset(inputs[:_HELD_OUT], targets[:_HELD_OUT])
    return _task(model, inputs, targets, held_out, adam=True)


def llama(**options: Any) -> Task:
    """A Llama of the transformers library, for techniques that need to know the layers."""
    from transformers import LlamaConfig, LlamaForCausalLM

    model = LlamaForCausalLM(  # type: ignore[no-untyped-call]
        LlamaConfig(
            vocab_size=2**_HELD_OUT,
            hidden_size=WIDTH,
            intermediate_size=2 * WIDTH,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=4,
            tie_word_embeddings=False,
            attention_dropout=options.pop("dropout", 0.0),
        )
    )
    tokens = torch.randint(0, CLASSES, (SAMPLES, 4))
    held_out = TensorDataset(
        torch.randint(0, CLASSES, (_HELD_OUT, 4)), 2 ** torch.arange(_HELD_OUT)
    )
    return _task(model, tokens, tokens[:, -1], held_out, forward=_last_logits, **options)


def _burdened(burden: Callable[[torch.device], None], bearer: int | None) -> Task:
    """As `stack`, but something is done before each forward: by one rank, or by all when None."""

    def forward(model: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
        if bearer is None or _rank() == bearer:
            burden(inputs.device)
        outputs: torch.Tensor = model(inputs)
        return outputs

    return stack(forward=forward)


def _task(
    model: nn.Module,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    held_out: TensorDataset,
    *,
    adam: bool = False,
    scheduled: bool = False,
    counted: bool = False,
    **fields: Any,
) -> Task:
    """A task of plain gradient descent, which shows a gradient that is wrong by a factor.

    Parameters
    ----------
    adam
        AdamW instead, with two groups of parameters.
    scheduled
        With a learning rate that changes from step to step.
    counted
        With a loss that is a sum and a count, in which samples count differently.
    """
    sgd, adamw = partial(torch.optim.SGD, lr=0.1), partial(torch.optim.AdamW, lr=1e-2)
    return Task(
        **{
            "model": model,
            "data": TensorDataset(inputs, targets),
            "loss": _counted_loss if counted else functional.cross_entropy,
            "optimizer": adamw if adam else sgd,
            "parameter_groups": _groups if adam else None,
            "schedule": _decay if scheduled else None,
            "batch_size": BATCH,
            "eval_data": held_out,
            "metrics": {"seen": _seen, "error": _error},
            **fields,
        }
    )


class _Block(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(WIDTH, WIDTH)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = x + self.dropout(torch.tanh(self.linear(x)))
        return found


def _rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def _last_logits(model: nn.Module, tokens: torch.Tensor) -> torch.Tensor:
    logits: torch.Tensor = model(input_ids=tokens).logits[:, -1]
    return logits


def _counted_loss(outputs: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, float]:
    weights = 1.0 + targets
    losses = functional.cross_entropy(outputs, targets, reduction="none")
    return (weights * losses).sum(), weights.sum().item()


def _groups(named: list[tuple[str, nn.Parameter]]) -> list[dict[str, Any]]:
    matrices = [parameter for name, parameter in named if name.endswith("weight")]
    others = [parameter for name, parameter in named if not name.endswith("weight")]
    return [
        {"params": matrices, "weight_decay": 0.5},
        {"params": others, "weight_decay": 0.0, "lr": 3e-2},
    ]


def _decay(optimizer: torch.optim.Optimizer, steps: int) -> Any:
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step)


def _seen(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return targets.double().mean()


def _error(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(outputs, targets % CLASSES)
