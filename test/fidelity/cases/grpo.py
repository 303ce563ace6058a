"""trl's GRPOTrainer: it generates what it is trained on."""

from __future__ import annotations

from typing import Any

from fidelity_case import in_place, llama, text, word_tokenizer

NATIVE = "GRPOTrainer has its own"


def length(completions: Any, **_: Any) -> list[float]:
    return [float(len(each)) for each in completions]


def factory() -> Any:
    import datasets
    from trl import GRPOConfig, GRPOTrainer

    args = in_place(bf16=False, num_generations=2, max_completion_length=4)
    del args["train_sampling_strategy"]
    return GRPOTrainer(
        model=llama(),
        reward_funcs=length,
        args=GRPOConfig(**args),
        train_dataset=datasets.Dataset.from_list([{"prompt": text(3)} for _ in range(8)]),
        processing_class=word_tokenizer(),
    )
