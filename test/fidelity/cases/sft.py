"""trl's SFTTrainer with LoRA, on texts of different lengths."""

from __future__ import annotations

from typing import Any

from fidelity_case import Direct, by_trainer, in_place, llama, text, word_tokenizer


def factory() -> Any:
    import datasets
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    texts = datasets.Dataset.from_list([{"text": text(5 + row % 7)} for row in range(24)])
    return SFTTrainer(
        model=llama(),
        args=SFTConfig(**in_place(bf16=False, gradient_accumulation_steps=2), max_length=16),
        train_dataset=texts,
        processing_class=word_tokenizer(),
        peft_config=LoraConfig(r=2, target_modules=["q_proj", "v_proj"]),
    )


def direct() -> Direct:
    return by_trainer(factory())
