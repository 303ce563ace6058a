"""trl's SFTTrainer with packing, all weights trained."""

from __future__ import annotations

from typing import Any

from fidelity_case import Direct, by_trainer, in_place, llama, text, word_tokenizer

LIKE = "sft"


def factory() -> Any:
    import datasets
    from trl import SFTConfig, SFTTrainer

    texts = datasets.Dataset.from_list([{"text": text(5 + row % 7)} for row in range(24)])
    return SFTTrainer(
        model=llama(),
        args=SFTConfig(
            **in_place(bf16=False, packing=True, gradient_accumulation_steps=2), max_length=16
        ),
        train_dataset=texts,
        processing_class=word_tokenizer(),
    )


def direct() -> Direct:
    return by_trainer(factory())
