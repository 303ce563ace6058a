"""What a Trainer measures by its own steps, such as what a model writes, is measured so here."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from adapter_tasks import arguments, byte_tokenizer
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.adapters import adapt
from torch.utils.data import Dataset


class Pairs(Dataset[Any]):
    """Texts of random letters, and others to be made of them."""

    def __init__(self, count: int) -> None:
        drawn = torch.Generator().manual_seed(0)
        self._rows = [
            [
                torch.randint(2, 64, (length,), generator=drawn).tolist()
                for length in (5 + n % 4, 3 + n % 3)
            ]
            for n in range(count)
        ]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Any:
        inputs, labels = self._rows[index]
        return {"input_ids": inputs, "attention_mask": [1] * len(inputs), "labels": labels}


def writer(**changes: Any) -> Any:
    from transformers import (
        DataCollatorForSeq2Seq,
        Seq2SeqTrainer,
        Seq2SeqTrainingArguments,
        T5Config,
        T5ForConditionalGeneration,
    )

    torch.manual_seed(1)
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    model = T5ForConditionalGeneration(
        T5Config(vocab_size=64, decoder_start_token_id=0, dropout_rate=0.0, **sizes)
    )
    tokenizer = byte_tokenizer()
    parts: list[float] = []

    def measure(said: Any, compute_result: bool = True) -> dict[str, Any] | None:
        written = said.predictions[0] if isinstance(said.predictions, tuple) else said.predictions
        parts.append(float(abs(written).sum() + said.label_ids.clip(0).sum()))
        if not compute_result:
            return None
        total, calls = sum(parts), len(parts)
        parts.clear()
        return {"total": total, "calls": calls, "by": {"length": written.shape[1]}}

    return Seq2SeqTrainer(
        model=model,
        args=Seq2SeqTrainingArguments(**arguments(per_device_eval_batch_size=2, **changes)),
        train_dataset=Pairs(12),
        eval_dataset=Pairs(5),
        data_collator=DataCollatorForSeq2Seq(tokenizer, model=model),
        processing_class=tokenizer,
        compute_metrics=measure,
    )


def measured(task: Task) -> dict[str, float]:
    """As every rank goes about it."""
    evaluation, collate, data = task.evaluation, task.eval_collate, task.eval_data
    assert evaluation is not None and collate is not None and isinstance(data, Dataset)
    assert task.eval_batch_size == 2
    task.model.eval()
    evaluation.begin(0)
    with torch.no_grad():
        for number, first in enumerate(range(0, 5, 2)):
            samples = [data[index] for index in range(first, min(first + 2, 5))]
            evaluation.batch(task.model, collate(samples), number)
    return dict(evaluation.end())


@pytest.mark.parametrize(
    "changes",
    [
        {"predict_with_generate": True, "generation_max_length": 6, "generation_num_beams": 2},
        {"batch_eval_metrics": True},
        {"include_for_metrics": ["loss", "inputs"]},
    ],
)
def test_it_is_measured_as_the_trainer_does(changes: dict[str, Any]) -> None:
    expected = writer(**changes).evaluate()
    found = measured(adapt(writer(**changes)))
    assert found.pop("by_length") == expected["eval_by"]["length"]
    assert found.keys() == {"loss", "total", "calls"}
    for name, value in found.items():
        assert value == pytest.approx(expected[f"eval_{name}"], rel=1e-5), name
