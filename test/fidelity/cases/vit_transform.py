"""Images in a datasets.Dataset with set_transform, by a ViT with accumulation."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct, by_trainer, in_place


def normalise(rows: Any) -> Any:
    return {**rows, "pixel_values": [torch.tensor(image) / 16 for image in rows["pixel_values"]]}


def factory() -> Any:
    import datasets
    from transformers import (
        FeatureExtractionMixin,
        Trainer,
        TrainingArguments,
        ViTConfig,
        ViTForImageClassification,
    )

    images = torch.randint(0, 16, (24, 1, 8, 8)).float()
    rows = {"pixel_values": images.tolist(), "labels": [row % 3 for row in range(24)]}
    data = datasets.Dataset.from_dict(rows)
    data.set_transform(normalise)
    config = ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        image_size=8, patch_size=4, num_channels=1, num_labels=3, qkv_bias=False,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    return Trainer(
        model=ViTForImageClassification(config),
        args=TrainingArguments(
            **in_place(gradient_accumulation_steps=2, remove_unused_columns=False)
        ),
        train_dataset=data,
        processing_class=FeatureExtractionMixin(),
    )


def direct() -> Direct:
    return by_trainer(factory())
