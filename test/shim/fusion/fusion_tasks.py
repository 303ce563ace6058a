"""Small language models with adapters, as several tasks of one base have them."""

from __future__ import annotations

from typing import Any

WORDS = 32


def llama(seed: int = 0, layers: int = 2, width: int = 16, **config: Any) -> Any:
    """A model of the Llama architecture, whose weights depend on the seed alone."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return LlamaForCausalLM(  # type: ignore[no-untyped-call]
            LlamaConfig(
                **{
                    "vocab_size": WORDS,
                    "hidden_size": width,
                    "intermediate_size": 2 * width,
                    "num_hidden_layers": layers,
                    "num_attention_heads": 2,
                    "num_key_value_heads": 2,
                    "max_position_embeddings": 128,
                    "use_cache": False,
                    **config,
                }
            )
        )


def gpt2(dropout: float, layers: int = 2, width: int = 16) -> Any:
    """A model of the GPT-2 architecture: of other linear layers, with dropout of its own."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return GPT2LMHeadModel(
            GPT2Config(
                vocab_size=WORDS,
                n_embd=width,
                n_layer=layers,
                n_head=2,
                n_positions=64,
                resid_pdrop=dropout,
                embd_pdrop=dropout,
                attn_pdrop=0.0,
                use_cache=False,
            )
        )


def adapted(model: Any, rank: int = 4, alpha: float = 8, **config: Any) -> Any:
    """A model with LoRA on queries and values."""
    from peft import LoraConfig, get_peft_model

    targets = config.pop("target_modules", ["q_proj", "v_proj"])
    settings = LoraConfig(r=rank, lora_alpha=alpha, target_modules=targets, **config)  # type: ignore[arg-type]
    return get_peft_model(model, settings)


class Texts:
    """Made-up sentences, all of one length or some shorter, as dicts of a transformers model."""

    def __init__(self, count: int = 24, length: int = 8, shift: int = 0, ragged: int = 0) -> None:
        self.count, self.length, self.shift, self.ragged = count, length, shift, ragged

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int) -> Any:
        import torch

        length = self.length - (place % (self.ragged + 1))
        tokens = (torch.arange(length) * (place + 1) + self.shift) % WORDS
        return {"input_ids": tokens, "labels": tokens, "attention_mask": torch.ones_like(tokens)}


def collate(samples: list[Any]) -> tuple[dict[str, Any], Any]:
    """Inputs by name, filled up behind the end, and labels."""
    import torch

    longest = max(len(sample["input_ids"]) for sample in samples)

    def filled(name: str, value: int) -> Any:
        return torch.stack(
            [
                torch.nn.functional.pad(s[name], (0, longest - len(s[name])), value=value)
                for s in samples
            ]
        )

    inputs = {"input_ids": filled("input_ids", 0), "attention_mask": filled("attention_mask", 0)}
    return inputs, filled("labels", -100)


def next_word(outputs: Any, labels: Any) -> Any:
    """Mean cross entropy of the words that follow."""
    import torch

    logits = outputs.logits if hasattr(outputs, "logits") else outputs["logits"]
    following = torch.nn.functional.pad(labels[:, 1:], (0, 1), value=-100)
    # As libraries do it, which want an output to be contiguous.
    return torch.nn.functional.cross_entropy(
        logits.view(-1, logits.shape[-1]), following.reshape(-1)
    )


def lora(
    rank: int = 4,
    alpha: float = 8,
    lr: float = 1e-2,
    clip: float | None = None,
    decay: float = 0.0,
    schedule: str | None = None,
    length: int = 8,
    ragged: int = 0,
    shift: int = 0,
    count: int = 24,
    base: int = 0,
    model: Any = None,
    peft: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    **task: Any,
) -> Any:
    """A task in plain PyTorch whose model is a tiny Llama with LoRA."""
    from functools import partial

    import torch
    from jupyterlab_saturn.task import Task, by_keyword

    def cosine(optimizer: Any, steps: int) -> Any:
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)

    def linear(optimizer: Any, steps: int) -> Any:
        return torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, steps)

    return Task(
        adapted(model or llama(base, **(config or {})), rank, alpha, **(peft or {})),
        Texts(count, length=length, ragged=ragged, shift=shift),  # type: ignore[arg-type]
        **{
            "loss": next_word,
            "optimizer": partial(torch.optim.AdamW, lr=lr, weight_decay=decay),
            "batch_size": 4,
            "steps": 12,
            "collate": collate,
            "forward": by_keyword,
            "clip_norm": clip,
            "schedule": {"cosine": cosine, "linear": linear, None: None}[schedule],
            **task,
        },
    )
