"""NEFTune: noise on the embeddings of a Trainer's model."""

from __future__ import annotations

from typing import Any

from fidelity_case import in_place, llama, text, word_tokenizer

ALIKE = True
DRAWS = True


def factory() -> Any:
    from transformers import DataCollatorForLanguageModeling, Trainer, TrainingArguments

    tokenizer = word_tokenizer()
    return Trainer(
        model=llama(),
        args=TrainingArguments(**in_place(neftune_noise_alpha=5)),
        train_dataset=[dict(tokenizer(text(6))) for _ in range(12)],
        data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False),
    )
