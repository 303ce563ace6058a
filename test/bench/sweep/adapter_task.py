"""An adapter of a small language model, as a sweep has many of them."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from jupyterlab_saturn.task import Task, by_keyword

OTHERS = ["ddp", "fsdp", "hsdp", "offload", "pipeline", "tensor", "fsdp-tensor"]
"""Techniques left out: one task on a device is compared with several."""

_WORDS, _LENGTH, _SAMPLES = 256, 32, 256


class _Texts:
    """Made-up sentences."""

    def __len__(self) -> int:
        return _SAMPLES

    def __getitem__(self, place: int) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        tokens = (torch.arange(_LENGTH) * (place + 1)) % _WORDS
        return {"input_ids": tokens}, tokens


def _next_word(outputs: Any, labels: torch.Tensor) -> torch.Tensor:
    logits = outputs.logits[:, :-1].reshape(-1, _WORDS)
    return torch.nn.functional.cross_entropy(logits, labels[:, 1:].reshape(-1))


def adapter(lr: float = 1e-3, rank: int = 8, steps: int = 600) -> Task:
    """LoRA on queries and values of a Llama of 2.9 million parameters, a sentence a step."""
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(  # type: ignore[no-untyped-call]
            LlamaConfig(
                vocab_size=_WORDS,
                hidden_size=256,
                intermediate_size=512,
                num_hidden_layers=4,
                num_attention_heads=4,
                num_key_value_heads=4,
                max_position_embeddings=2 * _LENGTH,
                use_cache=False,
            )
        )
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=["q_proj", "v_proj"])
    return Task(
        get_peft_model(model, config),
        _Texts(),  # type: ignore[arg-type]
        _next_word,
        partial(torch.optim.AdamW, lr=lr),
        batch_size=1,
        steps=steps,
        forward=by_keyword,
    )
