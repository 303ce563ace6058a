"""nanoGPT's loop as it is: while True, batches by hand, accumulation, clipping, an estimate."""

from __future__ import annotations

import math
from typing import Any

import torch
from fidelity_case import Direct
from torch import nn

LOOP = True
BLOCK, MOST = 8, 12


class Gpt(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(20, 16)
        self.places = nn.Embedding(BLOCK, 16)
        self.block = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, dropout=0.1)
        self.last = nn.Linear(16, 20, bias=False)
        self.last.weight = self.words.weight

    def forward(self, idx: Any, targets: Any) -> Any:
        seen = nn.Transformer.generate_square_subsequent_mask(idx.size(1))
        x = self.words(idx) + self.places(torch.arange(idx.size(1)))
        logits = self.last(self.block(x, src_mask=seen, is_causal=True))
        return logits, nn.functional.cross_entropy(logits.view(-1, 20), targets.view(-1))


def get_lr(iteration: int) -> float:
    return 1e-3 * (0.1 + 0.45 * (1 + math.cos(math.pi * iteration / MOST)))


def factory() -> nn.Module:
    text = torch.randint(0, 20, (200,)).cumsum(0) % 20

    def get_batch() -> Any:
        ix = torch.randint(len(text) - BLOCK - 1, (4,))
        x = torch.stack([text[i : i + BLOCK] for i in ix])
        return x, torch.stack([text[i + 1 : i + 1 + BLOCK] for i in ix])

    model = Gpt()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95))

    @torch.no_grad()
    def estimate_loss() -> Any:
        model.eval()
        losses = [model(*get_batch())[1].item() for _ in range(3)]
        model.train()
        return sum(losses) / 3

    iter_num = 0
    inputs, targets = get_batch()
    while True:
        for group in optimizer.param_groups:
            group["lr"] = get_lr(iter_num)
        if iter_num % 5 == 0:
            print(f"step {iter_num}: val loss {estimate_loss():.4f}")  # noqa: T201
        for _ in range(2):
            _, loss = model(inputs, targets)
            inputs, targets = get_batch()
            (loss / 2).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        iter_num += 1
        if iter_num > MOST:
            break
    return model


def direct() -> Direct:
    return Direct(factory().state_dict())
