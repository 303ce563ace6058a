"""Hugging Face models and Trainers made on the CPU: where they go is for a technique to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ...torch_settings import allow_tf32
from ..runtime.interception import Interception


def prepare_on_cpu(prepare: Callable[[], None], args: Any) -> None:
    """Have ``TrainingArguments`` checked and followed as on a machine without GPUs.

    Otherwise they choose the first GPU there is, in every rank, and refuse bf16 and tf32 where
    there is none. What tf32 allows is set here, for GPUs alone.
    """
    args.use_cpu = True
    tf32 = getattr(args, "tf32", None)
    args.tf32 = None
    prepare()
    args.tf32 = tf32
    if tf32 is not None:
        allow_tf32(torch, tf32)


def placed_on_cpu() -> Sequence[Interception]:
    """What keeps models and Trainers that are made from GPUs."""
    return (
        Interception(
            "transformers.training_args", "TrainingArguments", "__post_init__", prepare_on_cpu
        ),
        Interception(
            "transformers.modeling_utils", "PreTrainedModel", "from_pretrained", _without_device_map
        ),
    )


def _without_device_map(
    load: Callable[..., Any], _kind: type, *args: Any, device_map: Any = None, **options: Any
) -> Any:
    """Quantised models, which cannot be loaded there, then go to the current GPU by themselves."""
    return load(*args, **options)
