"""What users of libraries hand over, as they would write it for a GPU. Nothing is loaded before."""

from __future__ import annotations

import importlib
import tempfile
from importlib.util import find_spec
from typing import Any

_SAMPLES, _BATCH, _LENGTH, _WORDS = 16, 4, 6, 32
_FEATURES, _CLASSES = 6, 3


def keyed() -> Any:
    """A task whose batches are dicts, which the model takes as keywords."""
    from torch.utils.data import Dataset

    from ...task import Task

    class Texts(Dataset[Any]):
        def __len__(self) -> int:
            return _SAMPLES

        def __getitem__(self, place: int) -> Any:
            return _sentence(place)

    return Task(model=_language_model(), data=Texts(), batch_size=_BATCH, steps=5)


def trainer() -> Any:
    """A Trainer of the transformers library in bfloat16, on whatever device it finds."""
    from transformers import Trainer, TrainingArguments

    arguments = TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=_BATCH,
        max_steps=5,
        bf16=True,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
    )
    texts = [_sentence(place) for place in range(_SAMPLES)]
    return Trainer(model=_language_model(), args=arguments, train_dataset=texts, eval_dataset=texts)


def lightning() -> Any:
    """A LightningModule that makes tensors on its own device, with its data."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    installed = "lightning.pytorch" if find_spec("lightning") else "pytorch_lightning"
    library: Any = importlib.import_module(installed)

    class Classifier(library.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(_FEATURES, 8), nn.Tanh(), nn.Linear(8, _CLASSES))

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            scale = torch.full((1,), 0.5, device=self.device)
            return nn.functional.cross_entropy(scale * self.net(batch[0]), batch[1])

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    data = TensorDataset(torch.randn(_SAMPLES, _FEATURES), torch.arange(_SAMPLES) % _CLASSES)
    return Classifier(), DataLoader(data, batch_size=_BATCH), {"max_steps": 5}


def _sentence(place: int) -> Any:
    import torch

    tokens = (torch.arange(_LENGTH) * (place + 1)) % _WORDS
    return {"input_ids": tokens, "labels": tokens}


def _language_model() -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(  # type: ignore[no-untyped-call]
        LlamaConfig(
            vocab_size=_WORDS,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=_LENGTH,
        )
    )
