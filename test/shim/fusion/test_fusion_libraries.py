"""Trainers with PEFT models trained in one run end as they do alone, exports and all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import adapter_tasks
import cloudpickle
import fusion_tasks
import pytest
from fusion_tasks import Texts, adapted, llama
from jupyterlab_saturn.errors import Json
from nightly import nightly
from ranks import Session, finish

for module in (adapter_tasks, fusion_tasks, sys.modules[__name__]):
    cloudpickle.register_pickle_by_value(module)

STEPS = 8


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def trainer(rank: int = 4, **settings: Any) -> Any:
    """A Trainer that adapts a tiny Llama."""
    import tempfile

    from transformers import Trainer, TrainingArguments, default_data_collator

    arguments = TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=2,
        gradient_accumulation_steps=2,
        max_steps=STEPS,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
        **settings,
    )
    return Trainer(
        model=adapted(llama(), rank, 2.0 * rank),
        args=arguments,
        train_dataset=Texts(),  # type: ignore[arg-type]
        eval_dataset=Texts(6, shift=4),  # type: ignore[arg-type]
        data_collator=default_data_collator,
    )


def sft(**settings: Any) -> Any:
    """trl's SFTTrainer with LoRA, on texts of unlike length, which checkpoints activations."""
    return adapter_tasks.adapters(max_steps=STEPS, **settings)


@nightly
@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (
            trainer,
            [
                {"rank": 4, "learning_rate": 1e-3, "lr_scheduler_type": "cosine"},
                {"rank": 8, "learning_rate": 3e-3, "max_grad_norm": 0.5, "seed": 3},
                {"rank": 2, "learning_rate": 1e-3, "weight_decay": 0.1, "warmup_steps": 2},
            ],
        ),
        (sft, [{"learning_rate": 1e-3}, {"learning_rate": 3e-3, "seed": 5}]),
    ],
    ids=["trainer", "sft"],
)
def test_trainers_end_as_they_do_alone(session: Session, make: Any, settings: list[Any]) -> None:
    from safetensors.torch import load_file

    name = make.__name__
    specs: list[Json] = [session.spec(make, f"{name}{n}", **own) for n, own in enumerate(settings)]
    others = [{"task": spec, "attempt": 1, "steps": STEPS} for spec in specs[1:]]
    group = session.train(specs[0], "single", steps=STEPS, fused=others, base="b")
    assert group.wait() == [0], group.log
    results = {event["task"]: event["result"] for event in group.of("finished")}
    assert len(results) == len(specs), [e["error"]["message"] for e in group.of("failed")]
    assert "one by one" not in group.log
    for spec in specs:
        alone = {**spec, "name": f"{spec['name']}-alone"}
        result = finish(session.train(alone, "single", steps=STEPS))
        told = results[spec["name"]]
        assert told["metrics"] == pytest.approx(result["metrics"], abs=1e-5)
        pairs = zip(session.curve(spec, "loss"), session.curve(alone, "loss"), strict=True)
        assert max(abs(a - b) for a, b in pairs) < 1e-5
        ours, theirs = (
            load_file(session.paths.folder / each["model"] / "adapter_model.safetensors")
            for each in (told, result)
        )
        assert ours.keys() == theirs.keys()
        assert max(float((ours[key] - theirs[key]).abs().max()) for key in ours) < 1e-5
