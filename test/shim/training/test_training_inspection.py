"""What building tasks once tells, and which code is built at all."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.training.model.performance_signature import signature
from ranks import Session
from training_tasks import broken, misfit, mlp, not_a_task


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def inspect(session: Session, specs: list[Json], max_devices: int = 2) -> list[Json]:
    """The results, one for each task, in order."""
    group = session.inspect(specs, max_devices)
    assert group.wait() == [0], group.log
    results = [event["result"] for event in group.events]
    for result in results:
        wire.validate("InspectResult", result)
    assert [result["task"] for result in results] == [spec["name"] for spec in specs]
    return results


def inspection(session: Session, spec: Json, max_devices: int = 2) -> Json:
    (result,) = inspect(session, [spec], max_devices)
    assert "inspection" in result, result
    found: Json = result["inspection"]
    return found


def feasible(found: Json) -> dict[tuple[str, int], str | None]:
    return {
        (verdict["strategy"]["technique"], verdict["strategy"]["devices"]): verdict.get("reason")
        for verdict in found["feasibility"]
    }


def test_a_task_is_measured_up(session: Session) -> None:
    found = inspection(session, session.spec(mlp, epochs=2.5), max_devices=3)
    assert (found["samples"], found["batchSize"], found["stepsPerEpoch"]) == (44, 8, 5)
    assert found["steps"] == 12
    assert found["parameters"] == (6 * 10 + 10) + 3 * (10 * 10 + 10) + (10 * 3 + 3)
    assert found["warnings"] == []
    assert (
        feasible(found).items()
        >= {
            ("single", 1): None,
            ("single", 2): "it runs on one device only",
            ("single", 3): "it runs on one device only",
            ("ddp", 1): "on one device it is the same as single",
            ("ddp", 2): None,
            ("ddp", 3): "a batch of 8 does not divide evenly over 3 devices",
            ("fsdp", 1): "on one device it is the same as single",
            ("fsdp", 2): None,
            ("fsdp", 3): "a batch of 8 does not divide evenly over 3 devices",
            ("offload", 1): None,
        }.items()
    )


@pytest.mark.parametrize(
    ("override", "steps"), [({"epochs": 3}, 15), ({"steps": 7}, 7), ({"epochs": 3, "steps": 2}, 2)]
)
def test_the_spec_overrides_the_length(session: Session, override: Json, steps: int) -> None:
    assert inspection(session, {**session.spec(mlp, steps=9), **override})["steps"] == steps


def test_one_broken_task_among_many_hurts_nobody(session: Session) -> None:
    specs = [session.spec(mlp, f"mlp-{lr}", lr=lr) for lr in (0.1, 0.2)]
    specs[1:1] = [
        session.spec(broken, lr=1.0),
        session.spec(not_a_task),
        session.spec(mlp, "large", batch_size=45),
        session.spec(mlp, "unknown", batchsize=4),
    ]
    first, raised, forgot, large, unknown, last = inspect(session, specs)
    assert "inspection" in first
    assert "inspection" in last
    assert raised["error"]["code"] == "factory-failed"
    assert "raise ValueError" in raised["error"]["traceback"]
    assert forgot["error"]["code"] == "bad-task"
    assert "return Task(" in forgot["error"]["hint"]
    assert large["error"]["code"] == "batch-too-large"
    assert unknown["error"]["code"] == "factory-failed"
    assert "batchsize" in unknown["error"]["message"]


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("no optimizer", "The optimizer's function returned a NoneType, not an optimizer."),
        ("wrong argument", "unexpected keyword argument 'speed'"),
        ("metrics", "The metrics are no functions by name."),
        ("schedule", "The schedule is a int, not a function."),
        ("epochs", "A length of 'two' leaves nothing to train."),
        ("layers", "The size of 0.weight is not known yet"),
    ],
)
def test_wrong_parts_are_told_in_the_users_words(session: Session, part: str, message: str) -> None:
    (result,) = inspect(session, [session.spec(misfit, part=part)])
    assert result["error"]["code"] == "bad-task"
    assert message in result["error"]["message"]
    assert "hint" in result["error"]
    assert "traceback" not in result["error"]


def adapted(trained: str) -> Any:
    """A model of which the last layer is trained, or all of it."""
    from functools import partial

    import torch
    from jupyterlab_saturn.task import Task
    from torch import nn
    from torch.utils.data import TensorDataset

    model = nn.Sequential(nn.Linear(6, 64), nn.BatchNorm1d(64), nn.Linear(64, 3))
    for parameter in () if trained == "all" else (*model[0].parameters(), *model[1].parameters()):
        parameter.requires_grad_(False)
    return Task(
        model=model,
        data=TensorDataset(torch.randn(16, 6), torch.zeros(16, dtype=torch.int64)),
        batch_size=8,
        loss=nn.functional.cross_entropy,
        optimizer=partial(torch.optim.AdamW, lr=1e-3),
    )


def test_what_is_not_trained_is_written_once_and_saved_never(session: Session) -> None:
    last = 4 * (64 * 3 + 3)
    buffers = 4 * (64 + 64) + 8
    rest = 4 * (6 * 64 + 64 + 64 + 64)
    counters = 4 * 2  # of AdamW, one a parameter
    found = inspection(session, session.spec(adapted, trained="last"))
    assert found["savedBytes"] == (3 * last + buffers + counters) + (rest + last + buffers) + (
        last + buffers
    )
    found = inspection(session, session.spec(adapted, trained="all"))
    model = last + buffers + rest
    assert found["savedBytes"] == 3 * (last + rest) + buffers + 3 * counters + model


def test_the_signature_ignores_what_does_not_change_the_speed(session: Session) -> None:
    base = session.spec(mlp)
    same = [
        session.spec(mlp, "rate", lr=0.5),
        {**base, "name": "seed", "seed": 99},
        {**base, "name": "epochs", "epochs": 9},
        session.spec(mlp, "validates", validate_every=2),
    ]
    different = [
        session.spec(mlp, "batch", batch_size=4),
        session.spec(mlp, "data", augment=True),
    ]
    results = inspect(session, [base, *same, *different])
    signatures = [result["inspection"]["signature"] for result in results]
    assert set(signatures[:5]) == {signatures[0]}
    assert signatures[5] != signatures[0]
    # The same shapes from another dataset: loading is measured, but not told apart.
    assert signatures[6] == signatures[0]


def test_the_signature_covers_how_a_step_is_made() -> None:
    def name(**task: Any) -> str:
        made = mlp(**task)
        return signature(made, [torch.zeros(1, 6), torch.zeros(1)])

    def twice(model: Any, x: Any) -> Any:
        return model(x) + model(x)

    base = name()
    assert base == name()
    changes: list[Any] = [
        {"micro_batches": 2},
        {"precision": "bfloat16"},
        {"clip_norm": 1.0},
        {"workers": 1},
        {"exact_random": True},
        {"forward": twice},
    ]
    assert len({base, *(name(**change) for change in changes)}) == 1 + len(changes)
    assert name(clip_norm=1.0) == name(clip_norm=2.0)
    decays = (functools.partial(torch.optim.AdamW, weight_decay=decay) for decay in (0.0, 0.1))
    assert {name(optimizer=decay) for decay in decays} == {base}


@pytest.mark.parametrize("what", ["optimizer", "momentum", "loss", "frozen", "heads", "width"])
def test_the_signature_tells_apart_what_changes_the_speed(session: Session, what: str) -> None:
    def task(what: str, varied: bool) -> Any:
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self, heads: int, width: int) -> None:
                super().__init__()
                self.heads = heads
                self.linear = nn.Linear(6, width)

            def forward(self, x: Any) -> Any:
                return sum(self.linear(x) for _ in range(self.heads))

        base = mlp()
        varies = {what} if varied else set()
        model = Net(2 if "heads" in varies else 1, 4 if "width" in varies else 3)
        model.linear.bias.requires_grad_("frozen" not in varies)
        optimizer = torch.optim.RMSprop if "optimizer" in varies else torch.optim.SGD
        momentum = 0.9 if "momentum" in varies else 0.0
        return type(base)(
            **{
                **vars(base),
                "model": model,
                "optimizer": lambda ps: optimizer(ps, lr=0.1, momentum=momentum),
                "loss": nn.NLLLoss() if "loss" in varies else nn.CrossEntropyLoss(),
            }
        )

    specs = [
        session.spec(task, name, what=what, varied=varied)
        for name, varied in (("one", False), ("two", False), ("three", True))
    ]
    one, two, three = (result["inspection"]["signature"] for result in inspect(session, specs))
    assert one == two
    assert one != three


def test_what_sharding_cannot_do_is_said_before(session: Session) -> None:
    def odd(what: str) -> Any:
        import torch
        from torch import nn

        class Scaled(nn.Sequential):
            def forward(self, x: Any) -> Any:
                for layer in self:
                    x = layer(x.to(layer.weight.dtype))
                return x * getattr(self, "scale", 1.0)

        base = mlp()
        model = Scaled(nn.Linear(6, 3))
        if what == "scalar":
            model.register_parameter("scale", nn.Parameter(torch.tensor(1.0)))
        if what == "mixed":
            model.append(nn.Linear(3, 3).double())
        if what == "frozen":
            model.requires_grad_(False)
        return type(base)(**{**vars(base), "model": model, "optimizer": torch.optim.SGD})

    specs = [session.spec(odd, what, what=what) for what in ("scalar", "mixed")]
    scalar, mixed = (feasible(result["inspection"]) for result in inspect(session, specs))
    assert "scale has no dimension to shard" in str(scalar["fsdp", 2])
    assert "float32 and torch.float64" in str(mixed["fsdp", 2])
    assert {scalar["ddp", 2], scalar["single", 1], mixed["ddp", 2]} == {None}


def test_a_model_with_nothing_to_train_runs_nowhere(session: Session) -> None:
    def frozen() -> Any:
        base = mlp()
        base.model.requires_grad_(False)
        return base

    reasons = feasible(inspection(session, session.spec(frozen)))
    assert reasons["single", 1] == reasons["ddp", 2] == reasons["fsdp", 2]
    assert reasons["single", 1] == "the model has no parameter to train"


def test_a_forward_that_draws_is_told_of(session: Session) -> None:
    def split() -> Any:
        from torch import nn

        base = mlp()
        model = nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3), nn.Dropout(0.1))
        return type(base)(**{**vars(base), "model": model})

    spec = session.spec(split)
    (told,) = inspection(session, spec)["warnings"]
    assert told.startswith("The forward draws random numbers")
    assert inspection(session, spec, max_devices=1)["warnings"] == []


def test_code_from_elsewhere_is_not_loaded(session: Session) -> None:
    group = session.train({**session.spec(mlp), "payload": "../../evil.pkl"}, "single")
    assert group.wait() == [1]
    assert group.of("failed")[0]["error"]["code"] == "bad-payload"


@pytest.mark.parametrize(
    ("harm", "code"),
    [("link", "no-payload"), ("writable", "unsafe-payload"), ("gone", "no-payload")],
)
def test_code_that_others_may_have_written_is_not_loaded(
    session: Session, harm: str, code: str
) -> None:
    spec = session.spec(mlp)
    payload = session.paths.payload(spec["payload"])
    if harm == "link":
        payload.rename(elsewhere := session.paths.folder / "elsewhere.pkl")
        payload.symlink_to(elsewhere)
    elif harm == "writable":
        payload.chmod(0o622)
    else:
        payload.unlink()
    (result,) = inspect(session, [spec])
    assert result["error"]["code"] == code


def test_a_model_too_slow_to_be_tried_is_told_of(session: Session) -> None:
    def slow() -> Any:
        import time

        from jupyterlab_saturn.training.inspect import demands_probe, dry_run, rehearsal
        from torch import nn

        # In the rank that inspects: an hour's model in two seconds.
        demands_probe._SECONDS, demands_probe._MOST_SECONDS = 0.1, 0.6
        dry_run._SECONDS = rehearsal._SECONDS = 0.5

        class Slow(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.net = nn.Linear(6, 3)

            def forward(self, x: Any) -> Any:
                time.sleep(0.5)
                return self.net(x)

        base = mlp()
        return type(base)(**{**vars(base), "model": Slow(), "eval_data": None, "metrics": {}})

    (text,) = inspection(session, session.spec(slow))["warnings"]
    assert text.startswith("The model is too slow to be tried here")
