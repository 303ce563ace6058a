"""Several adapters trained by one rank group: each ends as if it had been alone."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import cloudpickle
import fusion_tasks
import pytest
from fusion_tasks import lora
from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import Json
from ranks import Group, Session, finish

cloudpickle.register_pickle_by_value(fusion_tasks)
cloudpickle.register_pickle_by_value(sys.modules[__name__])

STEPS = 12
MIXED: list[dict[str, Any]] = [
    {"rank": 2, "alpha": 4, "lr": 3e-3, "clip": 1.0},
    {"rank": 4, "alpha": 16, "lr": 1e-2, "decay": 0.1, "schedule": "cosine"},
    {"rank": 8, "alpha": 12, "lr": 1e-3, "clip": 0.5, "schedule": "linear", "shift": 3},
]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def specs_of(
    session: Session,
    prefix: str,
    settings: Sequence[dict[str, Any]],
    make: Callable[..., Any] = lora,
) -> list[Json]:
    return [
        {**session.spec(make, f"{prefix}{n}", **own), "seed": n} for n, own in enumerate(settings)
    ]


def start(
    session: Session,
    specs: Sequence[Json],
    technique: str = "single",
    world: int = 1,
    own: dict[int, Json] | None = None,
    **changes: Any,
) -> Group:
    """Start one run of several tasks; `own` is what is said of one of them alone."""
    of_each = own or {}
    others = [
        {"task": spec, "attempt": 1, "steps": STEPS, **of_each.get(number, {})}
        for number, spec in enumerate(specs[1:], 1)
    ]
    return session.train(
        specs[0], technique, world, fused=others, base="b", **{**of_each.get(0, {}), **changes}
    )


def ended(group: Group) -> dict[str, Json]:
    """The last word of each task."""
    assert set(group.wait()) == {0}, f"{group.events}\n{group.log}"
    last = ("finished", "stopped", "failed")
    return {event["task"]: event for event in group.events if event["kind"] in last}


def alone(session: Session, specs: Sequence[Json]) -> list[Json]:
    """The same tasks, each trained by itself under another name."""
    others = [{**spec, "name": f"alone-{spec['name']}"} for spec in specs]
    for spec in others:
        finish(session.train(spec, "single"))
    return others


def difference(session: Session, spec: Json, other: Json) -> float:
    own, theirs = session.weights(spec), session.weights(other)
    assert own.keys() == theirs.keys()
    return max(float((own[name] - theirs[name]).abs().max()) for name in own)


def same(session: Session, specs: Sequence[Json], others: Sequence[Json]) -> None:
    for spec, other in zip(specs, others, strict=True):
        pairs = zip(session.curve(spec, "loss"), session.curve(other, "loss"), strict=True)
        assert max(abs(a - b) for a, b in pairs) < 1e-5
        assert difference(session, spec, other) < 1e-5


def test_an_inspection_says_it(session: Session) -> None:
    specs = [session.spec(lora, f"seen{n}", rank=2 + n) for n in range(2)]
    specs.append(session.spec(lora, "refused", precision="float16"))
    group = session.inspect(specs, 2)
    assert group.wait() == [0], group.log
    found = {e["result"]["task"]: e["result"]["inspection"] for e in group.of("inspected")}
    for inspection in found.values():
        wire.validate("Inspection", inspection)
    assert found["seen0"]["fusion"]["base"] == found["seen1"]["fusion"]["base"]
    assert [found[f"seen{n}"]["fusion"]["rank"] for n in range(2)] == [2, 3]
    assert "float16" in found["refused"]["fusion"]["reason"]


def test_each_ends_as_if_it_were_alone(session: Session) -> None:
    specs = specs_of(session, "all", MIXED)
    group = start(session, specs)
    words = ended(group)
    assert {name: word["kind"] for name, word in words.items()} == dict.fromkeys(
        (spec["name"] for spec in specs), "finished"
    )
    for word in words.values():
        wire.validate("Result", word["result"])
    assert {event["task"] for event in group.of("started")} == set(words)
    same(session, specs, alone(session, specs))


def judged(stops_at: int = 0, **settings: Any) -> Any:
    """A task that is evaluated every other step, and of which the best model is kept."""

    def early(evaluations: Any) -> bool:
        return bool(evaluations[-1]["step"] == stops_at)

    changes = {
        "eval_data": fusion_tasks.Texts(6, shift=5),
        "validate_every": 2,
        "best": "loss:min",
        "keep_best": True,
        "stop_early": early if stops_at else None,
    }
    made = lora(peft={"lora_dropout": 0.1}, micro_batches=2, **settings)
    return type(made)(**{**vars(made), **changes})


def test_each_is_evaluated_and_its_best_model_kept_as_alone(session: Session) -> None:
    # The first one's best is not its last.
    settings = [{**MIXED[0], "lr": 0.3}, {**MIXED[1], "stops_at": 6}, MIXED[2]]
    specs = specs_of(session, "judged", settings, judged)
    group = start(session, specs, own={n: {"rungs": [3, 6]} for n in range(3)})
    words = ended(group)
    others = [{**spec, "name": f"alone-{spec['name']}"} for spec in specs]
    for number, (spec, other) in enumerate(zip(specs, others, strict=True)):
        lone = session.train(other, "single", rungs=[3, 6])
        theirs, own = finish(lone), words[spec["name"]]["result"]
        assert own.keys() == theirs.keys()
        assert own["metrics"] == pytest.approx(theirs["metrics"], abs=1e-5)
        assert own["bestStep"] == theirs["bestStep"]
        assert own.get("stoppedEarly", False) is (number == 1)
        told = [
            [
                (event["step"], event["loss"], event["metrics"]["loss"])
                for event in one.of("rung")
                if event.get("task", name) == name
            ]
            for one, name in ((group, spec["name"]), (lone, other["name"]))
        ]
        assert len(told[0]) == 2
        for ours, known in zip(*told, strict=True):
            assert ours == pytest.approx(known, abs=1e-5)
    assert words["judged0"]["result"]["bestStep"] < STEPS
    same(session, specs, others)


def test_one_leaves_and_goes_on_alone(session: Session) -> None:
    specs = specs_of(session, "leave", MIXED)
    words = ended(start(session, specs, own={1: {"until": 5}}))
    assert words["leave1"]["kind"] == "stopped"
    assert words["leave1"]["step"] == 5
    assert words["leave0"]["kind"] == words["leave2"]["kind"] == "finished"
    finish(session.train(specs[1], "single", attempt=2))
    same(session, specs, alone(session, specs))


def test_one_that_is_stopped_leaves_the_others(session: Session) -> None:
    def slow(**settings: Any) -> Any:
        import time

        made = lora(**settings)
        loss = made.loss

        def paused(outputs: Any, targets: Any) -> Any:
            time.sleep(0.02)
            return loss(outputs, targets)

        return type(made)(**{**vars(made), "loss": paused})

    settings = [{**own, "steps": 400} for own in MIXED[:2]]
    specs = specs_of(session, "stop", settings, slow)
    group = start(session, specs, steps=400, own={1: {"steps": 400}})
    group.until("step")
    order = {"task": specs[1], "attempt": 1, "steps": 400, "stop": True}
    group.amend(fused=[order])
    stopped = group.until("stopped")
    assert stopped["task"] == "stop1"
    assert 0 < stopped["step"] < 400
    group.amend(until=stopped["step"] + 10)
    words = ended(group)
    assert words["stop0"]["kind"] == "stopped"
    assert words["stop0"]["step"] >= stopped["step"] + 10


def test_one_that_diverges_fails_alone(session: Session) -> None:
    settings = [MIXED[0], {**MIXED[1], "lr": 1e30, "schedule": None}, MIXED[2]]
    specs = specs_of(session, "diverge", settings)
    words = ended(start(session, specs))
    assert words["diverge1"]["kind"] == "failed"
    assert words["diverge1"]["error"]["code"] == "loss-not-finite"
    kept = [specs[0], specs[2]]
    same(session, kept, alone(session, kept))


def test_an_error_of_one_is_its_own(session: Session) -> None:
    def breaks(at: int = 0, **settings: Any) -> Any:
        made = lora(**settings)
        loss, calls = made.loss, []

        def breaking(outputs: Any, targets: Any) -> Any:
            calls.append(1)
            if len(calls) == at:
                raise ValueError("no more of it")
            return loss(outputs, targets)

        return type(made)(**{**vars(made), "loss": breaking})

    specs = specs_of(session, "break", [MIXED[0], {**MIXED[1], "at": 4}], breaks)
    words = ended(start(session, specs))
    assert words["break0"]["kind"] == "finished"
    assert words["break1"]["kind"] == "failed"
    assert "no more of it" in words["break1"]["error"]["message"]
    same(session, specs[:1], alone(session, specs[:1]))


def test_another_base_fails_alone(session: Session) -> None:
    specs = specs_of(session, "base", [MIXED[0], {**MIXED[1], "base": 1}])
    words = ended(start(session, specs))
    assert words["base0"]["kind"] == "finished"
    assert words["base1"]["error"]["code"] == "other-base"


def test_memory_that_is_not_enough_ends_all(session: Session) -> None:
    def hungry(at: int = 0, **settings: Any) -> Any:
        import torch

        made = lora(**settings)
        loss, calls = made.loss, []

        def eating(outputs: Any, targets: Any) -> Any:
            calls.append(1)
            if len(calls) == at:
                raise torch.OutOfMemoryError("there is no more")
            return loss(outputs, targets)

        return type(made)(**{**vars(made), "loss": eating})

    specs = specs_of(session, "hungry", [MIXED[0], {**MIXED[1], "at": 3}], hungry)
    group = start(session, specs)
    assert group.wait() == [1], group.log
    (word,) = group.of("oom")
    assert "task" not in word


def test_all_go_on_when_they_are_killed(session: Session) -> None:
    specs = specs_of(session, "kill", MIXED)
    words = ended(start(session, specs, own={n: {"until": 6} for n in range(3)}))
    assert {word["step"] for word in words.values()} == {6}
    second = start(session, specs, own={n: {"attempt": 2} for n in range(3)}, checkpointSeconds=0.0)
    second.until("checkpoint")
    second.signal(signal.SIGKILL)
    second.wait()
    third = start(session, specs[:2], own={n: {"attempt": 3} for n in range(2)})
    assert {word["kind"] for word in ended(third).values()} == {"finished"}
    finish(session.train(specs[2], "single", attempt=3))
    same(session, specs, alone(session, specs))


def test_fused_on_two_devices(session: Session) -> None:
    specs = specs_of(session, "pair", MIXED)
    words = ended(start(session, specs, "ddp", 2))
    assert {word["kind"] for word in words.values()} == {"finished"}
    same(session, specs, alone(session, specs))


def test_a_run_measures_its_own_cell(session: Session) -> None:
    settings = [{**own, "steps": n} for own, n in zip(MIXED, (150, 600, 600), strict=True)]
    specs = specs_of(session, "cell", settings)
    group = start(session, specs, own={n: {"steps": s["steps"]} for n, s in enumerate(settings)})
    ended(group)
    cells = [event["cell"] for event in group.of("measured")]
    for cell in cells:
        wire.validate("ProfileCell", cell)
        assert cell["signature"] == "b"
    assert {cell["fused"] for cell in cells} == {3, 2}


def test_a_run_that_goes_on_with_fewer_does_not_start_anew(session: Session) -> None:
    specs = specs_of(session, "fewer", [{"steps": 40}, {"steps": 200}, {"steps": 400}])
    own = {1: {"steps": 200}, 2: {"steps": 400}}
    group = start(session, specs, steps=40, own=own)
    ended(group)
    cells = [event["cell"] for event in group.of("measured")]
    starts = {cell.get("fused", 1): cell["startSeconds"] for cell in cells}
    assert 3 in starts and len(starts) > 1  # a run too short for its windows tells none
    for count, seconds in starts.items():
        # What each took to start, not all that was before.
        assert seconds == pytest.approx(starts[3] * count / 3)


def test_a_trial_of_several(session: Session) -> None:
    specs = specs_of(session, "trial", MIXED)
    group = session.trial(specs[0], "single", fused=specs[1:], base="b")
    assert group.wait() == [0], group.log
    cell = group.of("trial")[0]["cell"]
    wire.validate("ProfileCell", cell)
    assert (cell["signature"], cell["fused"], cell["status"]) == ("b", 3, "ok")
    assert cell["saveSeconds"] > 0
