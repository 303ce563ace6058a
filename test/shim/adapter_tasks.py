"""What users of Hugging Face and Lightning bring, small. Factories travel by value."""

from __future__ import annotations

import sys
from typing import Any

import cloudpickle

cloudpickle.register_pickle_by_value(sys.modules[__name__])

STEPS = 5


def english(samples: int, longest: int) -> list[bytes]:
    """Pieces of Python's own help texts, of different lengths."""
    from pydoc_data.topics import topics

    text = " ".join(topics[name] for name in sorted(topics)).encode()
    lengths = [longest - number % 7 for number in range(samples)]
    starts = [sum(lengths[:number]) for number in range(samples)]
    return [text[start : start + length] for start, length in zip(starts, lengths, strict=True)]


def byte_tokenizer() -> Any:
    """A byte-level tokenizer without merges."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: number for number, letter in enumerate(["<pad>", "<eos>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")


def tiny_llama(**changes: Any) -> Any:
    """A Llama of two layers with weights at random."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = {
        "vocab_size": 258, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64,
        "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 1,
    }  # fmt: skip
    return LlamaForCausalLM(LlamaConfig(**{**config, **changes}))


def arguments(**changes: Any) -> dict[str, Any]:
    """Of a Trainer, on whatever device, without a trace on the disk."""
    import tempfile

    return {
        "output_dir": tempfile.mkdtemp(prefix="saturn-test-trainer-"),
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 2,
        "max_steps": STEPS,
        "learning_rate": 1e-2,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 2,
        "weight_decay": 0.1,
        "max_grad_norm": 0.5,
        "report_to": "none",
        "save_strategy": "no",
        "logging_steps": 1,
        "disable_tqdm": True,
        "use_cpu": True,
        **changes,
    }


def language(order: list[int] | None = None, kind: str = "trainer", **changes: Any) -> Any:
    """A language model on texts of different lengths.

    Parameters
    ----------
    order
        Samples in the order a Trainer is to take them in.
    """
    from torch.utils.data import Dataset
    from transformers import DataCollatorForLanguageModeling, Trainer, TrainingArguments

    tokenizer = byte_tokenizer()
    texts = [tokenizer(text.decode("latin-1")) for text in english(30, 24)]

    class Texts(Dataset[Any]):
        def __init__(self, order: list[int]) -> None:
            self.order = order

        def __len__(self) -> int:
            return len(self.order)

        def __getitem__(self, place: int) -> Any:
            return dict(texts[self.order[place]])

    class Doubled(Trainer):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, **options: Any
        ) -> Any:
            loss, outputs = super().compute_loss(model, inputs, return_outputs=True, **options)
            self.log({"undoubled": loss.item()})
            return (2 * loss, outputs) if return_outputs else 2 * loss

    class Undivided(Trainer):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, **options: Any
        ) -> Any:
            outputs = model(**inputs)
            return (outputs.loss, outputs) if return_outputs else outputs.loss

    strategy = "random" if order is None else "sequential"
    return {"trainer": Trainer, "doubled": Doubled, "undivided": Undivided}[kind](
        model=tiny_llama(),
        args=TrainingArguments(**arguments(train_sampling_strategy=strategy, **changes)),
        train_dataset=Texts(list(range(30)) if order is None else order),
        eval_dataset=Texts([1, 2, 3]),
        data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False),
        processing_class=tokenizer,
    )


def adapters(order: list[int] | None = None, script: str = "", **changes: Any) -> Any:
    """trl's SFTTrainer, adapting the projections of attention by LoRA.

    Parameters
    ----------
    script
        File that, when it is there, has this process told to stop at its third batch.
    """
    import os
    import signal
    from pathlib import Path

    import datasets
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    texts = [{"text": text.decode("latin-1")} for text in english(30, 24)]
    strategy = "random" if order is None else "sequential"
    trainer = SFTTrainer(
        model=tiny_llama(),
        args=SFTConfig(
            **arguments(train_sampling_strategy=strategy, bf16=False, **changes), max_length=32
        ),
        train_dataset=datasets.Dataset.from_list(
            texts if order is None else [texts[sample] for sample in order]
        ),
        processing_class=byte_tokenizer(),
        peft_config=LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"]),
    )
    collate, batches = trainer.data_collator, 0

    def stopping(samples: list[Any]) -> Any:
        nonlocal batches
        batches += 1
        if batches == 3 and script and Path(script).exists():
            os.kill(os.getpid(), signal.SIGTERM)
        return collate(samples)

    trainer.data_collator = stopping
    return trainer


def digits(order: list[int] | None = None, **changes: Any) -> Any:
    """A vision transformer on scikit-learn's digits, as (model, dataset, arguments)."""
    import torch
    from sklearn.datasets import load_digits
    from torch.utils.data import Dataset
    from transformers import TrainingArguments, ViTConfig, ViTForImageClassification

    images, labels = load_digits(return_X_y=True)

    class Digits(Dataset[Any]):
        def __len__(self) -> int:
            return 60 if order is None else len(order)

        def __getitem__(self, place: int) -> Any:
            sample = place if order is None else order[place]
            image = torch.tensor(images[sample], dtype=torch.float32).reshape(1, 8, 8) / 16
            return {"pixel_values": image, "labels": int(labels[sample])}

    config = ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        image_size=8, patch_size=4, num_channels=1, num_labels=10,
        # Attention does not depend on the bias of its keys: what Adam makes of that gradient of
        # nothing but rounding differs from run to run.
        qkv_bias=False,
    )  # fmt: skip
    strategy = "random" if order is None else "sequential"
    options = arguments(train_sampling_strategy=strategy, gradient_accumulation_steps=1, **changes)
    return ViTForImageClassification(config), Digits(), TrainingArguments(**options)


def lightning(kind: str = "plain", interval: str = "step", **options: Any) -> Any:
    """A LightningModule on scikit-learn's digits, with its DataModule.

    Parameters
    ----------
    interval
        What its schedule is stepped by.
    """
    import pytorch_lightning as pl
    import torch
    from sklearn.datasets import load_digits
    from torch import nn
    from torch.utils.data import DataLoader, Subset, TensorDataset

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(12, 12)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + torch.tanh(self.linear(x))

    class Classifier(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(64, 12)
            self.blocks = nn.Sequential(Block(), Block())
            self.last = nn.Linear(12, 10)
            self.automatic_optimization = kind != "manual"

        def forward(self, x: torch.Tensor) -> Any:
            return self.last(self.blocks(self.first(x)))

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = nn.functional.cross_entropy(self(batch[0]), batch[1])
            self.log("train_loss", loss, prog_bar=True)
            return {"loss": loss}

        def validation_step(self, batch: Any, batch_idx: int) -> None:
            outputs = self(batch[0])
            right = (outputs.argmax(1) == batch[1]).float().mean()
            loss = nn.functional.cross_entropy(outputs, batch[1])
            self.log_dict({"accuracy": right, "loss": loss})

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.AdamW(self.parameters(), lr=1e-2)
            if kind == "two":
                return [optimizer, torch.optim.AdamW(self.parameters(), lr=1e-2)]
            schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
            return [optimizer], [{"scheduler": schedule, "interval": interval}]

    if kind == "hooked":
        Classifier.on_train_epoch_start = lambda self: None  # type: ignore[method-assign]

    class Digits(pl.LightningDataModule):
        def setup(self, stage: str) -> None:
            images, labels = load_digits(return_X_y=True)
            inputs = torch.tensor(images, dtype=torch.float32) / 16
            self.data = TensorDataset(inputs, torch.tensor(labels))

        def train_dataloader(self) -> Any:
            order = torch.Generator().manual_seed(1)
            return DataLoader(
                Subset(self.data, range(24)), batch_size=4, shuffle=True, generator=order
            )

        def val_dataloader(self) -> Any:
            return DataLoader(Subset(self.data, range(100, 123)), batch_size=7)

    return Classifier(), Digits(), {"gradient_clip_val": 0.5, "max_steps": STEPS, **options}


def validated() -> Any:
    """A LightningModule that asks its Trainer, and whose validation is more than means."""
    import pytorch_lightning as pl
    import torch
    import torchmetrics
    from torch import nn
    from torch.utils.data import DataLoader, Subset, TensorDataset

    class Classifier(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
            self.f1 = torchmetrics.classification.MulticlassF1Score(3, average="macro")
            self.seen: list[torch.Tensor] = []

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            anneal = min(1.0, 0.2 + self.current_epoch / 2 + self.global_step / 50)
            loss = nn.functional.cross_entropy(self.net(batch[0]), batch[1])
            return loss * anneal / (1 + self.trainer.is_last_batch)

        def validation_step(self, batch: Any, batch_idx: int) -> None:
            outputs = self.net(batch[0])
            self.log("val_loss", nn.functional.cross_entropy(outputs, batch[1]))
            self.f1(outputs, batch[1])
            self.log("f1", self.f1)
            self.log("place", float(batch_idx), reduce_fx="max")
            self.seen.append(outputs.argmax(1))

        def on_validation_epoch_end(self) -> None:
            self.log("all", torch.cat(self.seen).float().sum())
            self.log("epochs", float(self.trainer.max_epochs))
            self.seen.clear()

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=1.0, momentum=0.9)
            follows = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.3, patience=0)
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": follows, "monitor": "val_loss"},
            }

    drawn = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (46,), generator=drawn)
    data = TensorDataset(torch.randn(46, 6, generator=drawn), labels)

    class Points(pl.LightningDataModule):
        def train_dataloader(self) -> Any:
            order = torch.Generator().manual_seed(1)
            return DataLoader(data, batch_size=8, shuffle=True, generator=order)

        def val_dataloader(self) -> Any:
            return DataLoader(Subset(data, range(23)), batch_size=7)

    stopping = pl.callbacks.EarlyStopping("val_loss", patience=2, min_delta=0.01)
    return Classifier(), Points(), {"max_epochs": 10, "callbacks": [stopping]}
