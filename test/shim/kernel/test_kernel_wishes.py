"""What a user asks of the plan, in words: read, refused with advice, and sent to the engine."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.engine import FakeEngine
from fakes.shell import Shell
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel.completion import complete
from jupyterlab_saturn.kernel.session import Session
from jupyterlab_saturn.kernel.wish_values import moment
from jupyterlab_saturn.kernel.wishes import session_change, task_change

CELL = "def digits(model, lr=0.1):\n    ...\n"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("+2h", 7200),
        ("+90min", 5400),
        ("+90m", 5400),
        ("+1h30m", 5400),
        ("+45s", 45),
        ("+1d2h", 93600),
        ("+0.5h", 1800),
    ],
)
def test_times_from_now(text: str, seconds: float) -> None:
    assert moment(text) == pytest.approx(time.time() + seconds, abs=5)
    assert moment(timedelta(seconds=seconds)) == pytest.approx(time.time() + seconds, abs=5)


def test_times_of_the_clock_and_the_calendar() -> None:
    soon = datetime.now() + timedelta(minutes=2)
    if soon.date() == datetime.now().date():
        text = soon.strftime("%H:%M")
        assert moment(text) == soon.replace(second=0, microsecond=0).timestamp()
    date = datetime(2036, 12, 1, 18, 0)
    assert moment("2036-12-01T18:00") == moment(date) == moment(date.timestamp())
    assert moment("2036-12-01T18:00+00:00") == 2111767200


@pytest.mark.parametrize("text", ["soon", "+", "25:00", "2h", "-1h", "+2 weeks", "2036-13-01", ""])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(SaturnError) as caught:
        moment(text)
    assert caught.value.code == "bad-wish" and "18:30" in (caught.value.hint or "")


def test_a_time_past_today_says_how_to_mean_tomorrow() -> None:
    with pytest.raises(SaturnError) as caught:
        moment("00:00")
    tomorrow = datetime.now().date() + timedelta(days=1)
    assert f"{tomorrow}T00:00" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        ("technique=fsdp", {"technique": "fsdp"}),
        ("technique=fsdp,devices=2", {"technique": "fsdp", "count": 2}),
        ("node=n1", {"node": "n1"}),
        ("device=cpu0,device=cpu1", {"devices": ["cpu0", "cpu1"]}),
        ("devices=1,node=n1,device=cpu0", {"count": 1, "node": "n1", "devices": ["cpu0"]}),
        ("strategy=ddp x2", {"strategy": {"technique": "ddp", "devices": 2}}),
        (
            "strategy=fsdp x2 reshard=false checkpointing micro=8 schedule=1f1b",
            {
                "strategy": {
                    "technique": "fsdp",
                    "devices": 2,
                    "knobs": {
                        "reshard": False,
                        "checkpointing": True,
                        "micro": 8,
                        "schedule": "1f1b",
                    },
                }
            },
        ),
    ],
)
def test_pins(text: str, pin: dict[str, Any]) -> None:
    assert task_change({"pin": text}) == {"set": {"pin": pin}}


@pytest.mark.parametrize(
    ("wishes", "change"),
    [
        ({"at_most": "4"}, {"set": {"concurrent": 4}}),
        ({"device_hours": "12"}, {"set": {"deviceSeconds": 43200}}),
        ({"budget": 30, "price": 2.5}, {"set": {"cost": 30, "prices": {"n": 2.5, "m": 2.5}}}),
        ({"price": "n=2.5,m=0"}, {"set": {"prices": {"n": 2.5, "m": 0}}}),
        ({"price": {"n": 1}}, {"set": {"prices": {"n": 1}}}),
        ({"objective": "makespan"}, {"set": {"objective": "makespan"}}),
        ({"fuse": "never"}, {"set": {"fuse": "never"}}),
        ({"fuse": "auto"}, {"clear": ["fuse"]}),
        ({"keep_free": 1}, {"freeCount": 1}),
        ({"keep_free": "2"}, {"freeCount": 2}),
        (
            {"keep_free": "cpu0,cpu1"},
            {"set": {"freeDevices": [{"node": "", "devices": ["cpu0", "cpu1"]}]}},
        ),
        ({"keep_free": ["cpu0"]}, {"set": {"freeDevices": [{"node": "", "devices": ["cpu0"]}]}}),
        ({"keep_free": "none", "budget": None}, {"clear": ["cost", "freeDevices"]}),
        ({"deadline": "+2h"}, None),
    ],
)
def test_what_is_asked_for_all(wishes: Any, change: dict[str, Any] | None) -> None:
    assert session_change(wishes, ["n", "m"]) == change


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("wish --deadline soon", "18:30"),
        ("wish --start 2h", "+2h"),
        ("wish --priority -1", "a number above 0"),
        ("wish --priority high", "a number above 0"),
        ("wish --pin fsdp", "technique=fsdp"),
        ("wish --pin devices=0", "at least 1"),
        ("wish --pin node=a,node=b", "technique=fsdp"),
        ("wish --pin strategy=fsdp", "strategy=fsdp x2"),
        ('wish --pin "strategy=fsdp two"', "strategy=fsdp x2"),
        ("plan --at-most 0", "at least 1"),
        ("plan --at-most 1.5", "at least 1"),
        ("run --device-hours 0", "a number above 0"),
        ("run --budget -3", "a number above 0"),
        ("run --price n=much", "a number above 0"),
        ("run --objective fun", "weighted-completion"),
        ("plan --fuse always", "auto or never"),
        ("run --keep-free 0", "at least 1"),
        ("run --keep-free cpu0,", "--keep-free 1"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(
    shell: Shell, engine: FakeEngine, line: str, word: str
) -> None:
    error = shell.cell(f"%saturn {line}")
    assert isinstance(error, SaturnError) and error.code == "bad-wish"
    assert word in (error.hint or "")
    assert not {"wishes.set", "plan", "run"} & set(engine.types())


def test_a_task_cell_asks_with_its_tasks(shell: Shell, engine: FakeEngine) -> None:
    line = "%%saturn task --sweep model=a --priority 3 --pin technique=ddp --deadline +2h\n"
    assert shell.cell(line + CELL) is None
    assert shell.cell("%%saturn task --sweep model=a\n" + CELL) is None
    asked, plain = (body for kind, body in engine.received if kind == "tasks.add")
    deadline = asked["wishes"]["set"].pop("deadline")
    assert deadline == pytest.approx(time.time() + 7200, abs=60)
    assert asked["wishes"] == {"set": {"weight": 3, "pin": {"technique": "ddp"}}}
    assert "wishes" not in plain
    assert asked["tasks"][0]["hash"] == plain["tasks"][0]["hash"]


@pytest.mark.parametrize(
    ("line", "types", "body"),
    [
        (
            "wish a b --priority 3 --deadline none",
            ["wishes.set"],
            {"tasks": [{"tasks": ["a", "b"], "set": {"weight": 3}, "clear": ["deadline"]}]},
        ),
        (
            "wish --at-most 2 --price 2",
            ["wishes.set"],
            {"session": {"set": {"concurrent": 2, "prices": {"n": 2}}}},
        ),
        (
            "wish a --clear",
            ["wishes.set"],
            {"tasks": [{"tasks": ["a"], "clear": ["deadline", "earliestStart", "weight", "pin"]}]},
        ),
        ("plan --keep-free 1", ["wishes.set", "plan"], {"session": {"freeCount": 1}}),
        (
            "run a --priority 2",
            ["wishes.set", "run"],
            {"tasks": [{"tasks": ["a"], "set": {"weight": 2}}]},
        ),
    ],
)
def test_what_is_asked_goes_before_what_is_to_be_done(
    shell: Shell, engine: FakeEngine, line: str, types: list[str], body: dict[str, Any]
) -> None:
    assert shell.cell(f"%saturn {line}") is None
    said = [kind for kind in engine.types() if kind in ("wishes.set", "plan", "run")]
    assert said == types
    assert ("wishes.set", body) in engine.received


def test_clear_takes_back_everything(shell: Shell, engine: FakeEngine) -> None:
    assert shell.cell("%saturn wish --clear") is None
    body = dict(engine.received)["wishes.set"]
    assert "tasks" not in body["tasks"][0] and len(body["tasks"][0]["clear"]) == 4
    assert len(body["session"]["clear"]) == 8


def test_a_plan_of_ones_own(
    shell: Shell, session: Session, engine: FakeEngine, tmp_path: Path
) -> None:
    segment = {
        "task": "a",
        "strategy": {"technique": "single", "devices": 1},
        "node": "n",
        "devices": ["cpu0"],
        "start": 0,
        "end": 1,
        "steps": 10,
    }
    plan = {"segments": [segment], "makespan": 1}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    assert shell.cell(f"%saturn plan --use {tmp_path / 'plan.json'}") is None
    session.plan(use=plan)
    said = [body for kind, body in engine.received if kind == "plan.use"]
    assert said == [{"segments": [segment]}] * 2
    assert "plan" not in engine.types()
    (tmp_path / "empty.json").write_text("{}")
    for name in ("empty.json", "nowhere.json"):
        error = shell.cell(f"%saturn plan --use {tmp_path / name}")
        assert isinstance(error, SaturnError) and error.code == "bad-plan-file"


def test_the_plan_of_a_rule(
    shell: Shell, session: Session, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = {"task": "a", "node": "n", "devices": ["cpu0"], "start": 0, "end": 1, "steps": 10}
    baselines = [{"name": "max", "makespan": 1, "segments": [segment]}, {"name": "min"}]
    state = {"plan": {"plan": {"baselines": baselines}}}
    monkeypatch.setattr(type(session), "state", state)
    rule = {"segments": [{**segment, "strategy": {"technique": "single", "devices": 1}}]}
    segment["strategy"] = rule["segments"][0]["strategy"]
    assert shell.cell("%saturn plan --use max") is None
    assert [body for kind, body in engine.received if kind == "plan.use"] == [rule]
    error = shell.cell("%saturn plan --use min")
    assert isinstance(error, SaturnError) and error.code == "no-rule" and "max" in error.hint
    error = shell.cell("%saturn plan --use round-robin")
    assert isinstance(error, SaturnError) and error.code == "bad-plan-file"


def test_keywords_that_are_no_wishes_are_refused(session: Session, engine: FakeEngine) -> None:
    with pytest.raises(TypeError, match="dedline"):
        session.wish(dedline="+2h")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="at_most"):
        session.add(lambda: None, at_most=2)  # type: ignore[call-arg]


def test_completion_knows_devices_and_objectives(engine: FakeEngine) -> None:
    class Event:
        def __init__(self, text: str) -> None:
            self.text_until_cursor = text

    def offered(text: str) -> list[str]:
        return complete(Event(text), engine.state, {})  # type: ignore[arg-type]

    assert offered("%saturn run --keep-free ") == ["none", "cpu0"]
    assert offered("%saturn plan --fuse n") == ["auto", "never"]
    assert offered("%saturn plan --objective m") == ["none", "makespan", "weighted-completion"]
    assert {"technique=fsdp", "node=n", "device=cpu0"} <= set(offered("%saturn wish --pin "))
    assert {"--deadline", "--keep-free", "--clear"} <= set(offered("%saturn wish "))
