"""A Trainer that goes through this package trains what it would train alone."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from adapter_tasks import STEPS, adapters, byte_tokenizer, digits, language, tiny_llama
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.adapters import NeedsNative, adapt
from jupyterlab_saturn.training.components.seeding import derive, seed_all
from nightly import nightly
from ranks import Session, finish
from safetensors.torch import load_file
from torch.distributed.checkpoint.filesystem import FileSystemReader

SEED = 7  # of the specs that the tests' session makes


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


@functools.cache
def alone(factory: Callable[..., Any], **params: Any) -> tuple[float, dict[str, torch.Tensor]]:
    """The last loss and the weights that a Trainer's own loop comes to."""
    seed_all(derive(SEED, "factory"))
    trainer = factory(**params)
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


@pytest.mark.parametrize(
    ("technique", "world"),
    [
        pytest.param("single", 1, marks=nightly),
        pytest.param("ddp", 2, marks=nightly),
        ("fsdp", 2),
    ],
)
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


@pytest.mark.parametrize(
    ("technique", "world"), [pytest.param("single", 1, marks=nightly), ("fsdp", 2)]
)
def test_adapters_on_a_frozen_model(session: Session, technique: str, world: int) -> None:
    from peft import PeftModel

    loss, weights = alone(adapters)
    spec = session.spec(adapters, f"adapters-{technique}")
    result = finish(session.train(spec, technique, world, steps=STEPS))
    assert result["loss"] == pytest.approx(loss, rel=1e-5)
    seed_all(derive(SEED, "factory"))
    loaded = PeftModel.from_pretrained(tiny_llama(), session.paths.folder / result["model"])
    assert_same(dict(loaded.named_parameters()), weights)


def test_a_base_is_not_copied_to_write_its_adapters(tmp_path: Path) -> None:
    task = adapt(adapters())
    assert task.export is not None
    before = [each._version for each in task.model.parameters()]
    weights = {name: value + 1 for name, value in task.model.state_dict().items()}
    task.export(weights, tmp_path)
    assert [each._version for each in task.model.parameters()] == before
    saved = load_file(tmp_path / "adapter_model.safetensors")
    assert saved
    for name, value in saved.items():
        assert torch.equal(value, weights[name.replace(".weight", ".default.weight")])


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
    halves = [loss / 2 for loss in session.curve(spec, "loss")]
    assert session.curve(spec, "undoubled") == pytest.approx(halves, rel=1e-5)
    from transformers import AutoModelForCausalLM

    folder = session.paths.folder / result["model"]
    assert_same(dict(AutoModelForCausalLM.from_pretrained(folder).named_parameters()), weights)


def test_a_loss_that_leaves_out_the_count_adds_up_as_it_does_alone(session: Session) -> None:
    """Eight batches an epoch in steps of three: the last has two."""
    own = {"kind": "undivided", "gradient_accumulation_steps": 3}
    loss, weights = alone(language, **own)
    assert adapt(language(**own)).equal_parts
    spec = session.spec(language, "undivided", **own)
    result = finish(session.train(spec, "single", steps=STEPS))
    assert result["loss"] == pytest.approx(loss, rel=1e-5)
    from transformers import AutoModelForCausalLM

    folder = session.paths.folder / result["model"]
    assert_same(dict(AutoModelForCausalLM.from_pretrained(folder).named_parameters()), weights)


def adversarial() -> Any:
    trainer = language()

    class Adversarial(type(trainer)):  # type: ignore[misc]
        def training_step(self, *args: Any, **options: Any) -> Any:
            return super().training_step(*args, **options)

    trainer.__class__ = Adversarial
    return trainer


def watched() -> Any:
    from transformers import TrainerCallback

    class Watching(TrainerCallback):
        pass

    trainer = language()
    trainer.add_callback(Watching())
    return trainer


def patched() -> Any:
    trainer = language()
    trainer.training_step = lambda *_: torch.zeros(())
    return trainer


@pytest.mark.parametrize(
    ("factory", "words"),
    [
        (adversarial, "Adversarial has its own training_step"),
        (patched, "Trainer has its own training_step"),
        (watched, "the callback Watching"),
        (functools.partial(language, torch_compile=True), "torch_compile=True"),
        (functools.partial(language, auto_find_batch_size=True), "auto_find_batch_size=True"),
        (functools.partial(language, optim="galore_adamw", optim_target_modules=["mlp"]), "optim"),
        (
            functools.partial(
                language, eval_strategy="steps", eval_steps=1, eval_delay=2,
                lr_scheduler_type="reduce_lr_on_plateau",
            ),
            "eval_delay=2",
        ),
    ],
)  # fmt: skip
def test_what_is_not_known_to_be_right_needs_its_own_loop(factory: Any, words: str) -> None:
    trainer = factory()
    with pytest.raises(NeedsNative) as caught:
        adapt(trainer)
    assert words in caught.value.reason
    assert caught.value.made is trainer


def test_what_says_where_and_how_is_no_matter() -> None:
    changes = {"logging_steps": 3, "save_strategy": "epoch", "run_name": "x", "seed": 3}
    assert adapt(language(**changes)).remarks == ()


@pytest.mark.parametrize(("argument", "precision"), [("bf16", "bfloat16"), ("fp16", "float16")])
def test_half_precision_is_taken_over(argument: str, precision: str) -> None:
    assert adapt(language(**{argument: True})).precision == precision


def judged(**changes: Any) -> Any:
    """With a metric, evaluated every other step."""
    trainer = language(eval_strategy="steps", eval_steps=2, per_device_eval_batch_size=2, **changes)
    trainer.compute_metrics = lambda said: {
        "eval_right": (said.predictions.argmax(-1) == said.label_ids).mean()
    }
    return trainer


def test_evaluation_is_that_of_the_trainer(session: Session) -> None:
    seed_all(derive(SEED, "factory"))
    trainer = judged()
    trainer.train()
    expected = [entry for entry in trainer.state.log_history if "eval_loss" in entry]
    group = session.train(session.spec(judged), "ddp", 2, steps=STEPS)
    result = finish(group)
    found = [event["metrics"] for event in group.of("validated")] + [result["metrics"]]
    for said, entry in zip(found, expected, strict=True):
        assert said == pytest.approx(
            {"loss": entry["eval_loss"], "right": entry["eval_right"]}, rel=1e-5
        )


def test_rules_are_taken_over() -> None:
    from transformers import EarlyStoppingCallback

    trainer = judged(
        metric_for_best_model="right", greater_is_better=True, load_best_model_at_end=True,
        save_strategy="steps", save_steps=2,
    )  # fmt: skip
    trainer.add_callback(EarlyStoppingCallback(2, 0.1))
    task = adapt(trainer)
    assert (task.validate_every, task.best, task.keep_best) == (2, "right:max", True)
    assert task.stop_early is not None
    rising = [{"step": 2.0 * number, "right": 0.2 * number} for number in range(5)]
    assert not task.stop_early(rising)
    assert not task.stop_early([*rising, {"right": 0.85}])
    assert task.stop_early([*rising, {"right": 0.85}, {"right": 0.9}])
    with pytest.raises(SaturnError, match="gives loss"):
        task.stop_early([{"step": 2.0, "loss": 1.0}])


def test_a_rule_without_a_metric_is_refused() -> None:
    from transformers import EarlyStoppingCallback

    trainer = judged()
    trainer.add_callback(EarlyStoppingCallback())
    with pytest.raises(SaturnError, match="metric_for_best_model"):
        adapt(trainer)


def test_a_batch_without_labels_is_told_of() -> None:
    trainer = language()
    trainer.data_collator = lambda samples: {"input_ids": torch.zeros(2, 3, dtype=torch.int64)}
    task = adapt(trainer)
    with pytest.raises(SaturnError, match="no labels"):
        task.collate([task.data[0]])


def test_samples_of_which_nothing_is_masked_say_nothing_of_the_loss() -> None:
    made = judged()
    collate = made.data_collator

    def masked(samples: list[Any]) -> Any:
        batch = collate(samples)
        if len(samples) < 3:
            batch["labels"] = batch["labels"] * 0 - 100
        return batch

    made.data_collator = masked
    assert adapt(made).batch_size > 0


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
