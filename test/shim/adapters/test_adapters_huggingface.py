"""A Trainer that goes through this package trains what it would train alone."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from adapter_tasks import STEPS, adapters, byte_tokenizer, digits, language, tiny_llama
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.adapters import adapt
from jupyterlab_saturn.training.components.seeding import derive, seed_all
from jupyterlab_saturn.training.task.data_order import TrainBatches
from jupyterlab_saturn.training.task.samples import Samples
from ranks import Session, finish
from torch.distributed.checkpoint.filesystem import FileSystemReader

SEED = 7  # of the specs that the tests' session makes


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def order_of(factory: Callable[..., Any]) -> list[int]:
    """The samples of all steps, in the order in which any technique takes them."""
    task = adapt(factory())
    batches = TrainBatches(task, Samples(task.data, task.collate, SEED), SEED)
    return [sample for step in range(STEPS) for sample in batches.indices(step)]


@functools.cache
def alone(factory: Callable[..., Any], **params: Any) -> tuple[float, dict[str, torch.Tensor]]:
    """The last loss and the weights that a Trainer's own loop comes to, on the same samples."""
    order = order_of(functools.partial(factory, **params))
    seed_all(derive(SEED, "factory"))
    trainer = factory(order=order, **params)
    if isinstance(trainer, tuple):
        from transformers import Trainer

        model, dataset, args = trainer
        trainer = Trainer(model=model, args=args, train_dataset=dataset)
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert len(losses) == STEPS
    return losses[-1], {n: p.detach().clone() for n, p in trainer.model.named_parameters()}


def assert_same(weights: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert weights.keys() >= expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-5, atol=1e-5, msg=name)


@pytest.mark.parametrize(("technique", "world"), [("single", 1), ("ddp", 2), ("fsdp", 2)])
def test_a_language_model_on_padded_texts(session: Session, technique: str, world: int) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    loss, weights = alone(language)
    spec = session.spec(language, f"language-{technique}")
    result = finish(session.train(spec, technique, world, steps=STEPS))
    assert result["loss"] == pytest.approx(loss, rel=1e-5)
    assert result["metrics"].keys() == {"loss"}
    folder = session.paths.folder / result["model"]
    assert_same(dict(AutoModelForCausalLM.from_pretrained(folder).named_parameters()), weights)
    assert AutoTokenizer.from_pretrained(folder)("ab") == byte_tokenizer()("ab")


@pytest.mark.parametrize(("technique", "world"), [("single", 1), ("fsdp", 2)])
def test_adapters_on_a_frozen_model(session: Session, technique: str, world: int) -> None:
    from peft import PeftModel

    loss, weights = alone(adapters)
    spec = session.spec(adapters, f"adapters-{technique}")
    result = finish(session.train(spec, technique, world, steps=STEPS))
    assert result["loss"] == pytest.approx(loss, rel=1e-5)
    seed_all(derive(SEED, "factory"))
    loaded = PeftModel.from_pretrained(tiny_llama(), session.paths.folder / result["model"])
    assert_same(dict(loaded.named_parameters()), weights)


def test_adapters_survive_a_switch_without_their_base(session: Session) -> None:
    from peft import PeftModel

    _, weights = alone(adapters)
    spec = session.spec(adapters, script=str(session.script))
    session.script.touch()
    group = session.train(spec, "single", steps=STEPS)
    assert group.wait() == [0], group.log
    (stopped,) = group.of("stopped")
    assert 0 < stopped["step"] < STEPS
    (folder,) = (path for path in session.paths.checkpoints(spec["name"]).iterdir())
    saved = FileSystemReader(folder).read_metadata().state_dict_metadata
    assert all("lora" in name for name in saved if name.startswith("model."))

    session.script.unlink()
    result = finish(session.train(spec, "ddp", 2, steps=STEPS))
    seed_all(derive(SEED, "factory"))
    loaded = PeftModel.from_pretrained(tiny_llama(), session.paths.folder / result["model"])
    assert_same(dict(loaded.named_parameters()), weights)


@pytest.mark.parametrize(("technique", "world"), [("single", 1), ("ddp", 2)])
def test_a_vision_model_as_parts(session: Session, technique: str, world: int) -> None:
    loss, weights = alone(digits)
    spec = session.spec(digits, f"digits-{technique}")
    result = finish(session.train(spec, technique, world, steps=STEPS))
    assert result["loss"] == pytest.approx(loss, rel=1e-5)
    from transformers import ViTForImageClassification

    folder = session.paths.folder / result["model"]
    loaded = ViTForImageClassification.from_pretrained(folder)
    assert_same(dict(loaded.named_parameters()), weights)


def test_a_loss_of_the_users_own_is_called_as_a_whole(session: Session) -> None:
    own = {"kind": "doubled", "gradient_accumulation_steps": 1}
    loss, weights = alone(language, **own)
    spec = session.spec(language, "doubled", **own)
    result = finish(session.train(spec, "single", steps=STEPS))
    assert result["loss"] == pytest.approx(loss, rel=1e-5)
    from transformers import AutoModelForCausalLM

    folder = session.paths.folder / result["model"]
    assert_same(dict(AutoModelForCausalLM.from_pretrained(folder).named_parameters()), weights)
    (remark,) = [said for said in adapt(language(**own)).remarks if "as a whole" in said]
    assert "stages" in remark


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lr_scheduler_type": "reduce_lr_on_plateau", "eval_strategy": "epoch"}, "'cosine'"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_a_sentence(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SaturnError) as caught:
        adapt(language(**changes))
    assert caught.value.code == "unsupported"
    assert words in str(caught.value)


@pytest.mark.parametrize(("argument", "precision"), [("bf16", "bfloat16"), ("fp16", "float16")])
def test_half_precision_is_taken_over(argument: str, precision: str) -> None:
    assert adapt(language(**{argument: True})).precision == precision


def test_what_is_left_out_is_told() -> None:
    from transformers import TrainerCallback

    class Watching(TrainerCallback):
        pass

    trainer = language(torch_compile=False, neftune_noise_alpha=5.0, seed=3)
    trainer.add_callback(Watching())
    trainer.compute_metrics = lambda prediction: {"eval_zero": 0.0}
    remarks = "\n".join(adapt(trainer).remarks)
    for words in ("neftune_noise_alpha", "Watching", "seed=3", "compute_metrics", "leaves out 6"):
        assert words in remarks
    assert "as a whole" not in remarks


def test_evaluation_and_stopping_are_taken_over() -> None:
    from transformers import EarlyStoppingCallback

    trainer = language(
        eval_strategy="steps", eval_steps=2, metric_for_best_model="right", greater_is_better=True
    )
    trainer.add_callback(EarlyStoppingCallback(2, 0.1))
    trainer.compute_metrics = lambda said: {
        "eval_right": (said.predictions.argmax(-1) == said.label_ids).mean()
    }
    task = adapt(trainer)
    assert task.validate_every == 2
    assert callable(task.metrics) and task.stop_early is not None
    inputs, targets = task.collate([task.data[0], task.data[1]])
    assert "labels" not in inputs
    logits = torch.nn.functional.one_hot(targets["labels"].clamp(0), 258).float()
    assert task.metrics(logits, targets)["right"] > 0.9
    rising = [{"step": 2.0 * number, "right": 0.2 * number} for number in range(5)]
    assert not task.stop_early(rising)
    assert not task.stop_early([*rising, {"right": 0.85}])
    assert task.stop_early([*rising, {"right": 0.85}, {"right": 0.9}])


def test_a_batch_without_labels_is_told_of() -> None:
    trainer = language()
    trainer.data_collator = lambda samples: {"input_ids": torch.zeros(2, 3, dtype=torch.int64)}
    task = adapt(trainer)
    with pytest.raises(SaturnError, match="no labels"):
        task.collate([task.data[0]])


def test_an_optimizer_that_exists_is_made_anew_of_the_same_groups() -> None:
    from jupyterlab_saturn.training.components.optimizer_factory import (
        make_optimizer,
        make_schedule,
    )

    trainer = language()
    named = dict(trainer.model.named_parameters())
    norms = [parameter for name, parameter in named.items() if "norm" in name]
    rest = [parameter for name, parameter in named.items() if "norm" not in name]
    trainer.optimizer = torch.optim.SGD(
        [{"params": norms, "lr": 0.5}, {"params": rest}], lr=0.1, momentum=0.9
    )
    trainer.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(trainer.optimizer, lambda _: 0.5)
    task = adapt(trainer)
    optimizer = make_optimizer(task, list(named.items()))
    make_schedule(task, optimizer, 10)
    assert isinstance(optimizer, torch.optim.SGD) and optimizer is not trainer.optimizer
    groups = [(len(g["params"]), g["lr"], g["momentum"]) for g in optimizer.param_groups]
    assert groups == [(len(norms), 0.25, 0.9), (len(rest), 0.05, 0.9)]
