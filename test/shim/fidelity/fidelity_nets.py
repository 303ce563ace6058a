"""The models that fidelity is proven on. Nothing of the package: these are loaded without it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

VOCABULARY, LENGTH, WIDTH = 17, 8, 16


def mlp() -> nn.Module:
    """Four residual blocks between two linear layers."""
    blocks = nn.Sequential(*(Residual() for _ in range(4)))
    return nn.Sequential(nn.Linear(6, WIDTH), blocks, nn.Linear(WIDTH, 3))


def cnn() -> nn.Module:
    """Four convolutions; group norm, since batch norm depends on how a batch is split."""
    layers = (
        nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.SiLU())
        for _ in range(4)
    )
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.Sequential(*layers),
        nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 3)),
    )


def gpt(dropout: float = 0.0) -> nn.Module:
    """A decoder with an output layer of its own."""
    return Gpt(dropout)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.tanh(self.linear(x))


class Attention(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        # Without biases: a key's has no effect, and AdamW would turn its rounding into steps.
        self.mixed = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.dropout = dropout

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        heads = (part.unflatten(-1, (4, -1)).transpose(1, 2) for part in self.mixed(x).chunk(3, -1))
        dropout = self.dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(*heads, is_causal=True, dropout_p=dropout)
        found: torch.Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return found


class Block(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(dropout)
        self.first, self.second = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.dense = nn.Sequential(
            nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH), nn.Dropout(dropout)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.first(x))
        found: torch.Tensor = x + self.dense(self.second(x))
        return found


class Gpt(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.places = nn.Parameter(0.1 * torch.randn(LENGTH, WIDTH))
        self.blocks = nn.ModuleList(Block(dropout) for _ in range(4))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.tokens(tokens) + self.places
        for block in self.blocks:
            x = block(x)
        found: torch.Tensor = self.head(self.norm(x))
        return found


def llama() -> Any:
    """A Llama of the transformers library with random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=WIDTH,
            intermediate_size=2 * WIDTH,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=LENGTH,
            tie_word_embeddings=False,
        )
    )


def lora() -> Any:
    """Adapters of a frozen Llama, by the peft library."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"])
    return get_peft_model(llama(), config)
