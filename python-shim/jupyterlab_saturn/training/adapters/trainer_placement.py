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
    return before_arguments(prepare_on_cpu), before_loading(load_on_cpu)


def before_arguments(around: Callable[..., Any]) -> Interception:
    """Standing before ``TrainingArguments`` are checked and followed."""
    return Interception("transformers.training_args", "TrainingArguments", "__post_init__", around)


def before_loading(around: Callable[..., Any]) -> Interception:
    """Standing before a model is loaded."""
    return Interception("transformers.modeling_utils", "PreTrainedModel", "from_pretrained", around)


def load_on_cpu(
    load: Callable[..., Any], _kind: type, *args: Any, device_map: Any = None, **options: Any
) -> Any:
    """Load a model to the CPU, whatever its device_map says.

    A quantised one, which cannot be there, then goes to CUDA's current device by itself.
    """
    return load(*args, **options)
