"""Which adapters can be trained in one run, and why others cannot."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import fusion_tasks
import pytest
import torch
from fusion_tasks import Texts, adapted, llama, lora, next_word
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.adapters.trainer_task import from_trainer
from jupyterlab_saturn.training.inspect.fusion_verdict import fusion_verdict
from jupyterlab_saturn.training.task.samples import Samples
from torch.utils.checkpoint import checkpoint

cloudpickle.register_pickle_by_value(fusion_tasks)
cloudpickle.register_pickle_by_value(sys.modules[__name__])
torch.set_num_threads(1)


def verdict(task: Task, seed: int = 0) -> Any:
    return fusion_verdict(task, Samples(task.data, task.collate, seed), seed)


def reason(task: Task) -> str:
    told = verdict(task)
    assert set(told) == {"reason"}, told
    text: str = told["reason"]
    assert text.startswith("It cannot be trained in one run with others: ")
    assert text.endswith(".")
    return text


def trainer(folder: Path, model: Any = None, **settings: Any) -> Any:
    from transformers import Trainer, TrainingArguments, default_data_collator

    arguments = TrainingArguments(
        **{
            "output_dir": str(folder),
            "per_device_train_batch_size": 4,
            "max_steps": 5,
            "report_to": "none",
            "save_strategy": "no",
            "use_cpu": True,
            **settings,
        }
    )
    made = model or adapted(llama())
    return Trainer(
        model=made,
        args=arguments,
        train_dataset=Texts(),  # type: ignore[arg-type]
        data_collator=default_data_collator,
    )


def other_loss(outputs: Any, labels: Any) -> Any:
    return next_word(outputs, labels) * 2


def sgd(parameters: Any) -> Any:
    return torch.optim.SGD(parameters, lr=0.1)


def test_what_is_each_tasks_own_does_not_part_them() -> None:
    first = verdict(lora())
    assert first == {"base": first["base"], "sites": 4, "rank": 4}
    others = [
        lora(rank=16, alpha=1),
        lora(lr=0.1, decay=0.1, schedule="cosine", steps=99),
        lora(shift=5),
        lora(loss=other_loss),
    ]
    for number, task in enumerate(others):
        assert verdict(task, seed=number)["base"] == first["base"], number
    assert verdict(others[0])["rank"] == 16


@pytest.mark.parametrize(
    "make",
    [
        lambda: lora(base=1),
        lambda: lora(length=16),
        lambda: lora(batch_size=8),
        lambda: lora(micro_batches=2),
        lambda: lora(precision="bfloat16"),
        lambda: lora(peft={"target_modules": ["q_proj"]}),
        lambda: lora(config={"rms_norm_eps": 1e-3}),
    ],
)
def test_what_the_forward_depends_on_parts_them(make: Callable[[], Task]) -> None:
    assert verdict(make())["base"] != verdict(lora())["base"]


def test_copies_of_a_model_are_one_base_wherever_they_are(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    told = set()
    for name in ("one", "another"):
        llama().save_pretrained(tmp_path / name)
        model = AutoModelForCausalLM.from_pretrained(tmp_path / name)
        model.config.prepared_in = str(tmp_path / name / "cache")
        told.add(verdict(lora(model=model))["base"])
    assert len(told) == 1


class Hidden:
    """A configuration that does not show what it holds."""

    def __init__(self, **held: Any) -> None:
        vars(self).update(held)

    def __repr__(self) -> str:
        return "a configuration"


def holding(name: str, value: Any) -> Task:
    task = lora()
    setattr(task.model.get_submodule("base_model.model.model.layers.1.mlp"), name, value)
    return task


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("config", Hidden(a=[1, {"b": 2.0}]), Hidden(a=[1, {"b": 3.0}])),
        ("config", Hidden(scales=(1.0, 2.0)), Hidden(scales=(1.0, 4.0))),
        ("shifts", [1, 2], [1, 3]),
        ("table", {"a": {1, 2}}, {"a": {1, 3}}),
        ("mask", torch.ones(3), torch.zeros(3)),
        ("inner", [torch.ones(3)], [torch.zeros(3)]),
        ("gate", lambda x: x * 1.5, lambda x: x * 2.5),
        ("act", torch.tanh, torch.relu),
        ("shaped", partial(torch.mul, other=2), partial(torch.mul, other=3)),
    ],
)
def test_what_a_model_holds_parts_them(name: str, one: Any, other: Any) -> None:
    def base(value: Any) -> str:
        if not isinstance(value, Hidden):
            return str(verdict(holding(name, value))["base"])
        task = lora()
        task.model.config.own = value
        return str(verdict(task)["base"])

    assert base(copy.deepcopy(one)) == base(copy.deepcopy(one)) != base(other)


def test_a_configuration_that_holds_itself() -> None:
    def base() -> str:
        task = lora()
        task.model.config.own = own = Hidden(again=[])
        own.again.append(own)
        return str(verdict(task)["base"])

    assert base() == base()


def test_what_the_speed_depends_on_parts_them() -> None:
    first = verdict(lora())["base"]
    assert verdict(lora(clip=0.5))["base"] == verdict(lora(clip=1.0))["base"] != first
    others = [lora(rank=32), lora(peft={"lora_dropout": 0.1}), lora(optimizer=sgd)]
    assert len({first, *(verdict(task)["base"] for task in others)}) == 1 + len(others)


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"peft": {"use_dora": True}}, "a variant of LoRA, such as DoRA"),
        ({"peft": {"modules_to_save": ["lm_head"]}}, "is trained beside the adapters"),
        ({"peft": {"bias": "lora_only"}, "config": {"attention_bias": True}}, "is trained beside"),
        ({"peft": {"lora_bias": True}, "config": {"attention_bias": True}}, "has a bias"),
        ({"peft": {"target_modules": ["embed_tokens"]}}, "is adapted by a Embedding"),
        ({"precision": "float16"}, "float16 scales the loss"),
        ({"exact_random": True}, "exact_random draws by block"),
        ({"before_step": print}, "called before each step"),
        ({"forward": lambda model, inputs: model(**inputs)}, "the loss is computed as a whole"),
        ({"config": {"attention_dropout": 0.1}}, "draws random numbers otherwise"),
    ],
)
def test_what_cannot_be_fused_is_told_in_a_sentence(settings: dict[str, Any], part: str) -> None:
    assert part in reason(lora(**settings))


def test_a_model_whose_samples_meet_is_refused() -> None:
    task = lora()
    norm = torch.nn.BatchNorm1d(8)
    task.model.get_submodule("base_model.model.model").add_module("odd", norm)
    task.model.requires_grad_(False)
    for name, parameter in task.model.named_parameters():
        parameter.requires_grad_("lora_" in name)
    assert "normalises over the samples of a batch" in reason(task)

    task = lora()

    def mixed(_: Any, args: Any, output: torch.Tensor) -> torch.Tensor:
        return output + output.mean(0, keepdim=True)

    task.model.get_submodule("base_model.model.model.layers.0.mlp").register_forward_hook(mixed)
    assert "depends on others" in reason(task)


def test_a_model_whose_samples_meet_in_the_backward_is_refused() -> None:
    task = lora()
    layer = task.model.get_submodule("base_model.model.model.layers.0.mlp")

    def evened(_: Any, __: Any, output: torch.Tensor) -> None:
        if output.requires_grad:
            output.register_hook(lambda gradient: gradient / gradient.norm())

    layer.register_forward_hook(evened)
    assert "what its backward does with a sample depends on others" in reason(task)
    assert not any(each.grad is not None for each in task.model.parameters())


def test_blocks_that_draw_anew_where_they_are_computed_again_are_refused() -> None:
    def made(keeps: bool) -> Task:
        task = lora(peft={"lora_dropout": 0.1})
        for layer in task.model.get_submodule("base_model.model.model.layers"):
            layer.forward = partial(
                checkpoint, layer.forward, use_reentrant=False, preserve_rng_state=keeps
            )
        return task

    assert "base" in verdict(made(keeps=True))
    assert "computed again in the backward draws other numbers" in reason(made(keeps=False))


def test_a_model_that_remembers_is_refused() -> None:
    task = lora()
    layer = task.model.get_submodule("base_model.model.model.layers.0.mlp")
    layer.register_buffer("seen", torch.zeros(()))

    def counting(module: Any, _: Any) -> None:
        module.seen += 1

    layer.register_forward_pre_hook(counting)
    assert "layers.0.mlp.seen changes in its forward" in reason(task)


def test_a_model_without_adapters_has_no_verdict() -> None:
    task = lora()
    assert verdict(Task(torch.nn.Linear(2, 2), task.data, task.loss, batch_size=4)) is None


def test_trainers_with_adapters(tmp_path: Path) -> None:
    one = verdict(from_trainer(trainer(tmp_path)))
    other = adapted(llama(), 8, 4)
    two = verdict(from_trainer(trainer(tmp_path, other, learning_rate=1e-2, seed=3)))
    assert one["base"] == two["base"]
    assert (one["rank"], two["rank"]) == (4, 8)


def test_gradient_checkpointing(tmp_path: Path) -> None:
    told = verdict(from_trainer(trainer(tmp_path, gradient_checkpointing=True)))
    assert told["base"] != verdict(from_trainer(trainer(tmp_path)))["base"]
    ways = {"use_reentrant": False, "preserve_rng_state": False}
    made = trainer(tmp_path, gradient_checkpointing=True, gradient_checkpointing_kwargs=ways)
    assert "draws other numbers in the backward" in reason(from_trainer(made))


def test_a_trainer_that_computes_its_loss_itself(tmp_path: Path) -> None:
    made = trainer(tmp_path)
    made.compute_loss_func = lambda outputs, labels, num_items_in_batch=None: outputs.logits.mean()
    assert "the loss is computed as a whole, by its Trainer" in reason(from_trainer(made))
