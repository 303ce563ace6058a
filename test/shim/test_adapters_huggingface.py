"""A Trainer that goes through this package trains what it would train alone."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from adapter_tasks import STEPS, adapters, byte_tokenizer, digits, language, tiny_llama
from jupyterlab_saturn.training.adapters import adapt
from jupyterlab_saturn.training.data import Samples, TrainBatches
from jupyterlab_saturn.training.seeding import derive, seed_all
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
    batches = TrainBatches(Samples(task.data, task.collate, SEED), task.batch_size, SEED)
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
