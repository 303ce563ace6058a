"""Techniques that copy, shard or offload a model train the same as one device does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.model.blocks import find_blocks
from jupyterlab_saturn.training.model.memory_estimate import MemoryEstimate
from jupyterlab_saturn.training.techniques import TECHNIQUES
from jupyterlab_saturn.training.techniques.activation_checkpointing import checkpoint_blocks
from nightly import nightly
from ranks import Session, finish
from torch import nn
from training_tasks import mlp

LAYOUTS = [
    ("single", 1),
    ("ddp", 2),
    ("ddp", 4),
    ("fsdp", 2),
    ("fsdp", 4),
    ("hsdp", 4),
    ("offload", 1),
    ("offload", 2),
    ("offload", 4),
]
SINGLE = {"technique": "single", "devices": 1, "knobs": {}}


def strategies(technique: str, devices: int) -> list[Json]:
    """All that a technique offers for a model with blocks, the most frugal last."""
    return [
        {"technique": technique, "devices": devices, "knobs": dict(choice.knobs)}
        for choice in TECHNIQUES[technique].choices(mlp(), devices)
    ]


def label(strategy: Json) -> str:
    knobs = [f"{name}-{value}" for name, value in strategy["knobs"].items()]
    return "-".join([strategy["technique"], str(strategy["devices"]), *knobs])


FRUGAL_HSDP = strategies("hsdp", 4)[-1:]
OFFERED = [
    *(strategy for name, n in LAYOUTS if n < 4 for strategy in strategies(name, n)),
    *(strategies(name, n)[-1] for name, n in LAYOUTS if n == 4),
    *strategies("hsdp", 4)[:-1],
]


# By day a run goes through all these in one: each alone is tried at night.
TRIED = [
    pytest.param(each, marks=nightly if each["devices"] == 4 and each not in FRUGAL_HSDP else ())
    for each in OFFERED
]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def train(session: Session, spec: Json, strategy: Json) -> tuple[list[float], dict[str, Any]]:
    """Train six steps. Returns held-out losses on the way and the last of training; weights."""
    group = session.train(
        spec, strategy["technique"], strategy["devices"], strategy=strategy, steps=6
    )
    result = finish(group)
    validations = [event["metrics"]["loss"] for event in group.of("validated")]
    return [*validations, result["metrics"]["loss"], result["loss"]], session.weights(spec)


def assert_same(weights: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(weights) == list(expected)
    for name, tensor in expected.items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-5, atol=1e-6)


def demanding(session: Session, name: str, **params: Any) -> Json:
    """AdamW, a schedule, clipping, gradient accumulation, evaluation on the way."""
    fields = {"clip_norm": 0.3, "micro_batches": 4, "validate_every": 2, **params}
    return session.spec(mlp, name, **fields)


@pytest.fixture(scope="module")
def reference(session: Session) -> tuple[list[float], dict[str, Any]]:
    losses, weights = train(session, demanding(session, "reference"), SINGLE)
    unclipped, _ = train(session, demanding(session, "unclipped", clip_norm=1e9), SINGLE)
    assert losses[1:] != pytest.approx(unclipped[1:], rel=1e-3)
    return losses, weights


@pytest.mark.parametrize("strategy", TRIED, ids=label)
def test_a_strategy_changes_nothing(
    session: Session, reference: tuple[list[float], dict[str, Any]], strategy: Json
) -> None:
    twice = 2 * strategy["devices"]  # on each rank, so that gradients add up there
    spec = demanding(session, label(strategy), micro_batches=twice)
    losses, weights = train(session, spec, strategy)
    assert len(losses) == 4
    assert losses == pytest.approx(reference[0], rel=1e-5)
    assert_same(weights, reference[1])


@nightly
def test_a_run_goes_through_all_layouts(session: Session) -> None:
    """With what is easily lost: frozen weights, masks of dropout, samples that do not count."""
    script = str(session.script)

    def adapted() -> Task:
        from dataclasses import replace

        import torch
        from torch import nn

        class Adapted(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.base = nn.Linear(10, 10).requires_grad_(False)
                self.down = nn.Linear(10, 3, bias=False)
                self.up = nn.Linear(3, 10, bias=False)
                self.dropout = nn.Dropout(0.3)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                y = self.base(x) + self.up(self.dropout(self.down(x)))
                return x + torch.tanh(y)

        def counted(outputs: torch.Tensor, targets: torch.Tensor) -> Any:
            task.loss(outputs, targets)  # for its mishaps
            losses = nn.functional.cross_entropy(outputs, targets, reduction="none")
            counts = targets != 0
            return losses[counts].sum(), counts.sum()

        def groups(named: list[tuple[str, nn.Parameter]]) -> list[dict[str, Any]]:
            ups = [p for name, p in named if "up." in name]
            others = [p for name, p in named if "up." not in name]
            return [{"params": ups, "weight_decay": 0.0}, {"params": others, "weight_decay": 0.5}]

        task = mlp(script=script)
        model = nn.Sequential(
            nn.Linear(6, 10).requires_grad_(False),
            nn.Sequential(*(Adapted() for _ in range(3))),
            nn.Linear(10, 3),
        )
        return replace(
            task,
            model=model,
            loss=counted,
            parameter_groups=groups,
            schedule=lambda optimizer, steps: torch.optim.lr_scheduler.LinearLR(
                optimizer, 1.0, 0.1, steps
            ),
            micro_batches=4,
            clip_norm=0.3,
            exact_random=True,
            eval_data=torch.utils.data.Subset(task.eval_data, range(4)),
            validate_every=1,
        )

    session.script.unlink(missing_ok=True)
    spec = session.spec(adapted)
    finish(session.train(spec, "single"))

    switched = {**spec, "name": "switched"}
    frugal = [strategies(*layout)[-1] for layout in LAYOUTS[::2]]
    lavish = [strategies(*layout)[0] for layout in LAYOUTS[1::2]]
    reached = 0
    for strategy in [*frugal, *lavish, SINGLE]:
        session.script.write_text("{}" if strategy is SINGLE else json.dumps({"terminate": 0}))
        group = session.train(
            switched, strategy["technique"], strategy["devices"], strategy=strategy
        )
        assert set(group.wait()) == {0}, group.log
        assert group.of("started")[0]["step"] == reached
        (ended,) = group.of("finished" if strategy is SINGLE else "stopped")
        assert ended["step"] > reached
        reached = ended["step"]
    session.script.unlink()
    assert reached == 12
    assert_same(session.weights(switched), session.weights(spec))


def test_a_held_out_loss_counts_what_the_loss_counts(session: Session) -> None:
    def counting() -> Task:
        from dataclasses import replace

        from torch import nn

        def loss(outputs: torch.Tensor, targets: torch.Tensor) -> Any:
            losses = nn.functional.cross_entropy(outputs, targets, reduction="none")
            counts = targets != 0
            return losses[counts].sum(), counts.sum()

        return replace(mlp(), loss=loss, metrics={}, micro_batches=4)

    spec = session.spec(counting)
    held_out, _ = train(session, spec, SINGLE)
    for strategy in strategies("ddp", 4):
        shared = session.spec(counting, label(strategy))
        assert train(session, shared, strategy)[0] == pytest.approx(held_out, rel=1e-5)


@pytest.mark.parametrize("precision", ["bfloat16", pytest.param("float16", marks=nightly)])
def test_half_precision_is_the_same_to_its_digits(
    session: Session, reference: tuple[list[float], dict[str, Any]], precision: str
) -> None:
    losses, _ = train(session, demanding(session, precision, precision=precision), SINGLE)
    assert losses != pytest.approx(reference[0], rel=1e-5)
    for technique, devices in [("ddp", 2), ("fsdp", 2), ("offload", 1)]:
        spec = demanding(session, f"{precision}-{technique}", precision=precision)
        measured, weights = train(session, spec, strategies(technique, devices)[-1])
        assert measured == pytest.approx(losses, rel=1e-2)
        assert {tensor.dtype for tensor in weights.values()} == {torch.float32}


def test_parameters_cast_to_half_precision_do_not_outlive_their_block(session: Session) -> None:
    def halved(cached: bool) -> Task:
        from dataclasses import replace

        task = mlp(precision="bfloat16")
        base = task.loss

        def loss(outputs: torch.Tensor, targets: torch.Tensor) -> Any:
            assert torch.is_autocast_cache_enabled() == cached
            return base(outputs, targets)

        return replace(task, loss=loss, metrics={}, eval_data=None)

    for cached, strategy in [
        (True, SINGLE),
        (True, {"technique": "fsdp", "devices": 2, "knobs": {"reshard": False}}),
        (False, {"technique": "fsdp", "devices": 2, "knobs": {"reshard": True}}),
        (False, {"technique": "offload", "devices": 1, "knobs": {}}),
    ]:
        spec = session.spec(halved, f"halved-{label(strategy)}", cached=cached)
        finish(session.train(spec, "", strategy["devices"], strategy=strategy, steps=1))


class Block(nn.Module):
    """Counts its forwards."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.dropout = nn.Dropout(0.5)
        self.forwards = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.forwards += 1
        return x + self.dropout(torch.tanh(self.linear(x)))


def of_model(model: nn.Module) -> Task:
    return mlp(model=model)


def gradients(model: nn.Module, run: Any) -> list[torch.Tensor]:
    torch.manual_seed(1)
    run(model).sum().backward()
    return [p.grad for p in model.parameters() if p.grad is not None]


def test_checkpointed_blocks_run_again_with_the_same_masks() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(*(Block() for _ in range(3)))
    inputs = torch.randn(5, 4)
    names = list(model.state_dict())
    expected = gradients(model, lambda m: m(inputs))
    model.zero_grad()
    entered: list[Any] = []
    for block in model:
        block.register_forward_pre_hook(lambda *_: entered.append(1))
    checkpoint_blocks(of_model(model))
    torch.testing.assert_close(gradients(model, lambda m: m(inputs)), expected, rtol=0, atol=0)
    assert [block.forwards for block in model] == [3, 3, 3]  # 1 without, 2 with
    assert len(entered) == 3  # what goes on round a block goes on once
    assert list(model.state_dict()) == names
    assert find_blocks(model, None) == list(model)


@nightly
def test_checkpointed_transformers_leave_out_their_cache() -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.LlamaConfig(
        vocab_size=11, hidden_size=8, intermediate_size=8, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=2, use_cache=True,
    )  # fmt: skip
    torch.manual_seed(0)
    model = transformers.LlamaForCausalLM(config).train()
    tokens = torch.randint(0, 11, (2, 5))
    expected = gradients(model, lambda m: m(tokens).logits)
    model.zero_grad()
    forwards: list[Any] = []
    for layer in model.model.layers:
        layer.register_forward_pre_hook(lambda *_: forwards.append(1))
    checkpoint_blocks(of_model(model))
    torch.testing.assert_close(gradients(model, lambda m: m(tokens).logits), expected)
    assert len(forwards) == 4


FOOTPRINT = MemoryEstimate(
    trained=1000,
    frozen=200,
    optimizer=2000,
    activations=9000,
    checkpointed=900,
    largest_block=100,
)


@pytest.mark.parametrize(
    ("technique", "devices", "knobs", "expected"),
    [
        ("single", 1, {}, 3200 + 9000),
        ("single", 1, {"checkpointing": True}, 3200 + 1000),  # gradients outgrow activations
        ("ddp", 2, {}, 4200 + 4500),
        ("fsdp", 2, {"reshard": False}, 1600 + 4500 + 1200),
        ("fsdp", 2, {"reshard": True}, 1600 + 4500),
        ("fsdp", 4, {"reshard": True, "checkpointing": True}, 800 + 250),
        ("hsdp", 4, {"replicas": 2, "reshard": True}, 1600 + 2250),
        ("offload", 1, {}, 9000),
        ("offload", 2, {"checkpointing": True}, 450),
        ("offload", 2, {"checkpointing": True, "activations": True}, 100),
    ],
)
def test_the_memory_that_a_device_needs_at_the_least(
    technique: str, devices: int, knobs: Json, expected: int
) -> None:
    assert TECHNIQUES[technique].estimate(FOOTPRINT, devices, knobs) == expected


@pytest.mark.parametrize("technique", ["single", "ddp", "fsdp", "hsdp", "offload"])
def test_what_is_offered_gets_ever_more_frugal(technique: str) -> None:
    way = TECHNIQUES[technique]
    for devices in (1, 2, 4, 8):
        if way.feasible(mlp(), devices, "cpu") is not None:
            continue
        first, *others = way.choices(mlp(), devices)
        assert first.instead_of is None or technique == "offload"
        for before, choice in pairwise([first, *others]):
            assert choice.instead_of == (technique, before.knobs)
            bounds = [way.estimate(FOOTPRINT, devices, c.knobs) for c in (before, choice)]
            assert bounds[0] > bounds[1]


def test_offloading_is_for_what_fits_in_no_other_way() -> None:
    offload = TECHNIQUES["offload"]
    assert offload.choices(mlp(), 1)[0].instead_of == ("single", {"checkpointing": True})
    frugal = {"reshard": True, "checkpointing": True}
    assert offload.choices(mlp(), 2)[0].instead_of == ("fsdp", frugal)


def test_a_model_without_blocks_has_nothing_to_compute_again() -> None:
    task = of_model(nn.Linear(6, 3))
    offered = {name: TECHNIQUES[name].choices(task, n) for name, n in LAYOUTS}
    knobs = {name: [dict(choice.knobs) for choice in all_] for name, all_ in offered.items()}
    assert knobs == {
        "single": [{}],
        "ddp": [{}],
        "fsdp": [{"reshard": False}],
        "hsdp": [{"replicas": 2, "reshard": False}],
        "offload": [{}, {"activations": True}],
    }
    assert TECHNIQUES["offload"].choices(task, 1)[0].instead_of == ("single", {})


def test_copies_and_shards_need_counts_that_factor() -> None:
    hsdp = TECHNIQUES["hsdp"]
    feasible = [n for n in range(1, 9) if hsdp.feasible(mlp(batch_size=840), n, "cpu") is None]
    assert feasible == [4, 6, 8]
    first, second, *_ = hsdp.choices(mlp(), 8)
    assert first.knobs == {"replicas": 4, "reshard": False}
    assert first.instead_of is None
    assert second.knobs == {"replicas": 2, "reshard": False}
    assert second.instead_of == ("hsdp", first.knobs)
