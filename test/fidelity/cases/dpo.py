"""trl's DPOTrainer with LoRA: the model without its adapters is the reference."""

from __future__ import annotations

from typing import Any

from fidelity_case import Direct, by_trainer, in_place, llama, text, word_tokenizer

LIKE = "sft"


def factory() -> Any:
    import datasets
    from peft import LoraConfig
    from trl import DPOConfig, DPOTrainer

    pairs = [{"prompt": text(3), "chosen": text(4), "rejected": text(5)} for _ in range(12)]
    return DPOTrainer(
        model=llama(),
        args=DPOConfig(**in_place(bf16=False), max_length=16),
        train_dataset=datasets.Dataset.from_list(pairs),
        processing_class=word_tokenizer(),
        peft_config=LoraConfig(r=2, target_modules=["q_proj", "v_proj"]),
    )


def direct() -> Direct:
    return by_trainer(factory())
