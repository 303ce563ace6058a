"""Tasks that fidelity is proven on: an MLP, a CNN, a GPT, a Llama and a LoRA of one.

All with AdamW, a schedule, shuffled data, clipping and micro-batches; an epoch is five whole
batches of 8 samples, and 4 samples are left out.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import fidelity_nets
import torch
from fidelity_nets import LENGTH, VOCABULARY
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.task.data_order import MicroBatch
from torch import nn
from torch.nn import functional
from torch.utils.data import TensorDataset

SAMPLES = 44
BATCH = 8
STEPS_PER_EPOCH = SAMPLES // BATCH
STEPS = 8
"""Into the second epoch."""


def mlp(**fields: Any) -> Task:
    return _classifier(fidelity_nets.mlp(), torch.randn(SAMPLES, 6), **fields)


def cnn(**fields: Any) -> Task:
    return _classifier(fidelity_nets.cnn(), torch.randn(SAMPLES, 1, 6, 6), **fields)


def gpt(dropout: float = 0.0, **fields: Any) -> Task:
    return _language_model(fidelity_nets.gpt(dropout), **{"loss": token_loss, **fields})


def llama(**fields: Any) -> Task:
    model = fidelity_nets.llama()
    return _language_model(model, loss=output_loss, export=partial(export, model), **fields)


def lora(**fields: Any) -> Task:
    model = fidelity_nets.lora()
    return _language_model(model, loss=output_loss, export=partial(export, model), **fields)


MODELS = {"mlp": mlp, "cnn": cnn, "gpt": gpt, "llama": llama, "lora": lora}


def one_cycle(optimizer: torch.optim.Optimizer, steps: int) -> Any:
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=steps)


def accuracy(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return (outputs.argmax(-1) == targets).float().mean()


def token_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def output_loss(outputs: Any, targets: torch.Tensor) -> torch.Tensor:
    return token_loss(outputs.logits, targets)


def export(model: Any, weights: dict[str, torch.Tensor], folder: Path) -> None:
    torch.save(weights, folder / "weights.pt")
    model.save_pretrained(folder, state_dict=dict(weights))  # of which it takes things out


def _classifier(model: nn.Module, inputs: torch.Tensor, **fields: Any) -> Task:
    loss = functional.cross_entropy
    data = TensorDataset(inputs, torch.randint(0, 3, (SAMPLES,)))
    metrics = {"accuracy": accuracy, "loss": loss}
    return _task(model, data, **{"loss": loss, "metrics": metrics, **fields})


def _language_model(model: nn.Module, **fields: Any) -> Task:
    tokens = torch.randint(0, VOCABULARY, (SAMPLES, LENGTH + 1))
    data = TensorDataset(tokens[:, :-1], tokens[:, 1:])
    held_out = output_loss if fields["loss"] is output_loss else token_loss
    return _task(model, data, **{"metrics": {"loss": held_out}, **fields})


def _task(model: nn.Module, data: TensorDataset, **fields: Any) -> Task:
    held_out = torch.randperm(SAMPLES)[:23]
    return Task(
        **{
            "model": model,
            "data": data,
            "optimizer": partial(torch.optim.AdamW, lr=1e-2, weight_decay=0.1),
            "batch_size": BATCH,
            "micro_batches": 4,
            "clip_norm": 0.5,
            "schedule": one_cycle,
            "eval_data": TensorDataset(*(tensor[held_out] for tensor in data.tensors)),
            **fields,
        }
    )


def indexed_mlp() -> Task:
    """An MLP whose targets tell the number of the sample, too."""
    task = mlp()
    inputs, targets = task.data.tensors  # type: ignore[attr-defined]
    numbered = torch.stack([targets, torch.arange(SAMPLES)], dim=1)
    return replace(task, data=TensorDataset(inputs, numbered), loss=_class_loss, eval_data=None)


def sample_numbers(micro: MicroBatch) -> list[int]:
    """Which samples of `indexed_mlp` a micro-batch has."""
    found: list[int] = micro.batch[1][:, 1].tolist()
    return found


def _class_loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(outputs, targets[:, 0])
