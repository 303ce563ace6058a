"""What people bring, run by its own library and by this package: each a file in `cases`.

A case is a module that says in its docstring what it is of, and has

``factory()``
    The cell, as a user writes it: returns what is brought.
``direct()``
    The same by its own library alone: a `Direct`. Called with all generators seeded as for the
    factory.
``ALIKE``
    Instead of `direct`, where random numbers are drawn on the way, so that the library's own run
    is another: weights and metrics are those of one device, and of a second run, on any layout.
``DRAWS``
    Beside ``ALIKE``, where the forward draws: the same on one device only, as check must say.
``REFUSED``
    Instead of `direct`: a part of the sentence with which it is refused.
``NATIVE``
    Instead of `direct` where it keeps its own loop: a part of the reason.
``LOOP``
    Beside `direct`: the factory trains by its own loop, as a cell with ``--native`` does.
``LEFT_OUT``
    Techniques that must not be offered, by name and a part of the reason.
``LIKE``
    The case, by name, that shows nearly the same: this one is tried at night only.
``UP_TO``
    How far off weights and metrics may be where both are not computed in the same order.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle
import torch
from jupyterlab_saturn.errors import Json, SaturnError
from jupyterlab_saturn.training.components.seeding import derive, seed_all
from jupyterlab_saturn.training.inspect.inspection import inspect_task
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup
from jupyterlab_saturn.training.runtime.rank_request import RankRequest

CASES = Path(__file__).parent / "cases"
SEED = 7  # of tasks on a test bench
MOST_DEVICES = 2


@dataclass(frozen=True)
class Direct:
    """What a library's own run came to.

    Attributes
    ----------
    steps
        Optimizer steps, where they must be the same.
    """

    weights: Mapping[str, torch.Tensor]
    metrics: Mapping[str, float] = field(default_factory=dict)
    steps: int | None = None


@dataclass(frozen=True)
class Case:
    """One of the modules in `cases`."""

    name: str
    title: str
    module: ModuleType

    @property
    def factory(self) -> Callable[[], Any]:
        made: Callable[[], Any] = self.module.factory
        return made

    def get(self, name: str, otherwise: Any = None) -> Any:
        return getattr(self.module, name, otherwise)

    def run_directly(self) -> Direct:
        torch.set_num_threads(1)
        seed_all(derive(SEED, "factory"))
        found: Direct = self.module.direct()
        return found


def cases() -> list[Case]:
    return list(_load())


def _load() -> Iterator[Case]:
    for file in sorted(CASES.glob("*.py")):
        name = f"fidelity_case_{file.stem}"
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        cloudpickle.register_pickle_by_value(module)
        assert module.__doc__ is not None, file
        yield Case(file.stem, module.__doc__.strip().splitlines()[0].rstrip("."), module)


@dataclass(frozen=True)
class Inspect:
    """Inspects a task on a rank, as `%saturn check` has it done."""

    paths: Any
    task: Any

    def __call__(self, _world: ProcessGroup) -> tuple[Json | None, Json | None]:
        """The inspection, or why there is none."""
        torch.set_num_threads(1)
        request = RankRequest(
            kind="inspect",
            job="inspect",
            events=Path(),
            paths=self.paths,
            tasks=(self.task,),
            requested_at=0.0,
            max_devices=MOST_DEVICES,
        )
        try:
            inspection: Any = inspect_task(request, self.task, {})
            return inspection, None
        except SaturnError as error:
            refused: Any = error.to_json()
            return None, refused


def in_place(**changes: Any) -> dict[str, Any]:
    """Arguments of a transformers or trl Trainer: samples in their order, without noise."""
    return {
        "output_dir": tempfile.mkdtemp(prefix="saturn-test-trainer-"),
        "per_device_train_batch_size": 4,
        "per_device_eval_batch_size": 3,
        "num_train_epochs": 2,
        "learning_rate": 1e-2,
        "weight_decay": 0.1,
        "train_sampling_strategy": "sequential",
        "report_to": "none",
        "save_strategy": "no",
        "disable_tqdm": True,
        "use_cpu": True,
        **changes,
    }


def bert(kind: str, **changes: Any) -> Any:
    """A BERT of two layers with weights at random; its head by name of class."""
    import transformers

    config = transformers.BertConfig(
        vocab_size=40, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=32, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0, **changes,
    )  # fmt: skip
    return getattr(transformers, kind)(config)


def sentences(count: int, label: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """Tokenised sentences of five to eleven words, filled up by 0, with what is said of each."""
    rows = []
    for row in range(count):
        words = torch.randint(1, 40, (12,))
        mask = (torch.arange(12) < 5 + row % 7).long()
        rows.append({"input_ids": words * mask, "attention_mask": mask, "labels": label(words)})
    return rows


def llama(**changes: Any) -> Any:
    """A Llama of two layers with weights at random."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=40, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=32,
        pad_token_id=0, bos_token_id=1, eos_token_id=1, **changes,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def word_tokenizer() -> Any:
    """Of words ``w2`` to ``w39``."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    known = {"<pad>": 0, "<eos>": 1, **{f"w{number}": number for number in range(2, 40)}}
    made = Tokenizer(models.WordLevel(known, unk_token="<eos>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="<eos>")


def text(words: int) -> str:
    """So many words at random."""
    return " ".join(f"w{number}" for number in torch.randint(2, 40, (words,)).tolist())


def by_trainer(trainer: Any) -> Direct:
    """A Trainer's own run. Weights are those that it writes."""
    trainer.train()
    metrics = trainer.evaluate() if trainer.eval_dataset is not None else {}
    with tempfile.TemporaryDirectory() as folder:
        trainer.save_model(folder)
        weights = written(Path(folder))
    assert weights is not None
    steps = trainer.state.global_step
    timing = ("runtime", "per_second", "epoch", "entropy", "num_tokens", "token_accuracy")
    return Direct(
        weights,
        {
            name.removeprefix("eval_"): value
            for name, value in metrics.items()
            if not name.endswith(timing)
        },
        steps if steps == trainer.state.max_steps else None,
    )


def quiet_trainer(**options: Any) -> Any:
    """A Lightning Trainer that leaves nothing behind."""
    import pytorch_lightning as pl

    return pl.Trainer(
        **{"enable_checkpointing": False, **options},
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def by_lightning(module: Any, trainer: Any, *data: Any) -> Direct:
    """Lightning's own run, and what it logged of validation in the end."""
    trainer.fit(module, *data)
    return Direct(
        module.state_dict(),
        {name: float(v) for name, v in trainer.callback_metrics.items() if "train" not in name},
    )


def written(folder: Path) -> dict[str, torch.Tensor] | None:
    """The weights that ``save_pretrained`` wrote into a folder, if it did."""
    from safetensors.torch import load_file

    files = sorted(folder.glob("*.safetensors"))
    return {n: t for file in files for n, t in load_file(file).items()} if files else None


def loop(
    model: torch.nn.Module,
    loader: Any,
    loss: Callable[[Any, Any], torch.Tensor],
    optimizer: torch.optim.Optimizer,
    epochs: int,
    *,
    after_step: Callable[[], Any] = lambda: None,
    after_epoch: Callable[[], Any] = lambda: None,
) -> int:
    """The loop of every PyTorch tutorial. Returns how many steps it made."""
    steps = 0
    for _ in range(epochs):
        model.train()
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss(model(inputs), targets).backward()
            optimizer.step()
            after_step()
            steps += 1
        after_epoch()
    return steps


def answers(model: torch.nn.Module, inputs: Any) -> Any:
    """What a model makes of inputs in evaluation."""
    model.eval()
    with torch.no_grad():
        return model(inputs)
