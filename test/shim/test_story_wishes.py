"""What can be asked of a plan, by magics and a real engine: nothing is trained."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fakes.shell import Shell
from jupyterlab_saturn import Session
from jupyterlab_saturn.errors import SaturnError
from test_story import home, session  # noqa: F401

DOCS = Path(__file__).resolve().parents[2] / "docs" / "wishes.md"
CELL = """
def digits(lr):
    import torch
    from jupyterlab_saturn import Task
    inputs = torch.linspace(-1, 1, 64).reshape(64, 1)
    model = torch.nn.Linear(1, 1)
    return Task(
        model=model,
        data=torch.utils.data.TensorDataset(inputs, 2 * inputs),
        loss=torch.nn.functional.mse_loss,
        optimizer=torch.optim.SGD(model.parameters(), lr=lr),
        batch_size=8,
        steps=40,
    )
"""
EXCLUDE = "--exclude ddp,fsdp,hsdp,offload,pipeline,tensor,fsdp-tensor"


def lines() -> list[str]:
    """Every line that the page says one may write."""
    text = DOCS.read_text("utf-8")
    fences = "\n".join(re.findall(r"```text\n(.*?)```", text, re.S)).splitlines()
    return [*fences, *re.findall(r"^\| `(%saturn [^`]*)`", text, re.M)]


class Story:
    """A notebook whose session is that of the magics."""

    def __init__(self, shell: Shell, session: Session) -> None:  # noqa: F811
        self.shell, self.session = shell, session

    def does(self, line: str) -> str:
        """Run a line that must work; what it shows."""
        error = self.shell.cell(line)
        assert error is None, (line, error)
        return "\n".join(self.shell.texts())

    def refused(self, line: str, code: str) -> str:
        """Run a line that must not work; what to do instead."""
        error = self.shell.cell(line)
        assert isinstance(error, SaturnError) and error.code == code, (line, error)
        return error.hint or ""

    @property
    def plan(self) -> Any:
        """The session's plan."""
        return self.session.state["plan"]["plan"]

    def segment(self, task: str) -> Any:
        (segment,) = [one for one in self.plan["segments"] if one["task"] == task]
        return segment

    def at_once(self) -> int:
        """Most segments that overlap."""
        segments = self.plan["segments"]
        return max(
            sum(other["start"] <= one["start"] < other["end"] for other in segments)
            for one in segments
        )


@pytest.fixture
def story(shell: Shell, session: Session) -> Story:  # noqa: F811
    return Story(shell, session)


def test_every_wish_moves_the_plan_and_can_be_taken_back(story: Story) -> None:
    story.does("%saturn cluster --cpu 2")
    shown = story.does("%%saturn task --sweep lr=0.1,0.05,0.02 --priority 2" + CELL)
    assert "priority 2" in shown
    shown = story.does(f"%saturn plan {EXCLUDE}")
    assert "weightedCompletion" in story.plan and "priority 2" in shown
    story.does("%saturn wish --clear")
    story.does("%saturn plan")
    assert "weightedCompletion" not in story.plan and story.at_once() == 2
    first, second, third = (task["spec"]["name"] for task in story.session.state["tasks"])

    shown = story.does(f"%saturn wish {first} --pin device=cpu1")
    assert "only on cpu1" in shown
    shown = story.does("%saturn plan --at-most 1")
    assert story.segment(first)["devices"] == ["cpu1"] and story.at_once() == 1
    assert "It heeds what you asked for" in shown and "at most 1 at once" in shown

    story.does(f"%saturn wish {second} --start +1h")
    story.does("%saturn plan --at-most none")
    assert 3000 < story.segment(second)["start"] <= 3600
    assert "conflicts" not in story.plan

    story.does(f"%saturn wish {second} --start none")
    assert "--keep-free none" in story.refused("%saturn plan --keep-free cpu1", "bad-wish")
    story.does(f"%saturn wish {first} --pin none --priority 3")
    shown = story.does("%saturn plan --keep-free cpu1")
    assert {tuple(one["devices"]) for one in story.plan["segments"]} == {("cpu0",)}
    assert story.plan["segments"][0]["task"] == first and "cpu1 kept free" in shown
    story.does("%saturn plan --objective makespan --keep-free none")
    assert "weightedCompletion" not in story.plan and story.at_once() == 2
    shown = story.does(f"%saturn run {third} --start +1h")
    assert story.session.state["goal"] == "run" and third in shown
    story.does("%saturn stop")
    assert {task["status"] for task in story.session.state["tasks"]} == {"ready"}


def test_what_cannot_be_met_is_told_with_what_would_help(story: Story) -> None:
    story.does("%saturn cluster --cpu 2")
    story.does("%%saturn task --sweep lr=0.1,0.05" + CELL)
    first, second = (task["spec"]["name"] for task in story.session.state["tasks"])
    story.does(f"%saturn plan {EXCLUDE}")
    shown = story.does("%saturn plan --device-hours 0.0000001 --price 1 --budget 0.0000001")
    assert "device time" in shown and "What would help" in shown
    kinds = {one["constraint"] for one in story.plan["conflicts"]}
    assert kinds == {"device-seconds", "cost"}
    assert "device time" in story.does("%saturn status")
    story.does("%saturn wish --clear")

    shown = story.does(f"%saturn wish {first} --pin devices=2 --deadline +60m")
    assert "only 2 devices" in shown and "by " in shown
    shown = story.does("%saturn plan")
    assert "Nothing can run" in shown and "another strategy" in shown
    story.does("%saturn plan --exclude none")
    pinned = story.segment(first)
    assert pinned["strategy"]["devices"] == 2
    assert "conflicts" not in story.plan

    # Each kind of pin, and what can be kept to.
    knobs = [
        f" {name}={str(value).lower()}"
        for name, value in pinned["strategy"].get("knobs", {}).items()
    ]
    label = f"{pinned['strategy']['technique']} x2{''.join(knobs)}"
    story.does(f'%saturn wish {first} --pin "strategy={label}" --deadline none')
    story.does(f"%saturn wish {second} --pin technique=single,node={pinned['node']}")
    story.does("%saturn plan --device-hours 1 --budget 3 --price 1 --at-most 1")
    assert story.segment(first)["strategy"] == pinned["strategy"]
    assert story.segment(second)["strategy"]["technique"] == "single"
    assert story.segment(second)["node"] == pinned["node"]
    assert "conflicts" not in story.plan and story.at_once() == 1
    story.does("%saturn wish --clear")
    story.does(f"%saturn wish {first} --pin devices=2")

    for line, code, hint in [
        ("wish nobody --priority 2", "unknown-task", first),
        (f"wish {first} --pin technique=magic", "unknown-technique", "single"),
        (f"wish {first} --pin node=moon", "unknown-device", "There are"),
        (f"wish {first} --pin device=cpu7", "unknown-device", "cpu0, cpu1"),
        (f"wish {first} --start +2h --deadline +1h", "bad-wish", "earlier start"),
        (f"wish {first} --deadline 2001-01-01T00:00", "bad-wish", "+2h"),
        ("plan --budget 3", "bad-wish", "--price"),
        ("plan --keep-free 2", "bad-wish", "at least one"),
        (f"run {second} --keep-free cpu9", "unknown-device", "cpu0"),
    ]:
        assert hint in story.refused(f"%saturn {line}", code), line
    assert [task["status"] for task in story.session.state["tasks"]] == ["ready", "ready"]

    story.does("%saturn wish --clear")
    story.does("%saturn task --factory digits --sweep lr=0.3 --steps 10000000 --deadline +1m")
    shown = story.does("%saturn plan --exclude none")
    assert "What would help" in shown
    late = [(one["constraint"], one["task"]) for one in story.plan["conflicts"]]
    assert late == [("deadline", "digits-0.3")]


def test_a_plan_of_ones_own_is_followed_or_refused(story: Story, tmp_path: Path) -> None:
    story.does("%saturn cluster --cpu 2")
    story.does("%%saturn task --sweep lr=0.1,0.05" + CELL)
    story.does(f"%saturn plan {EXCLUDE}")
    plan = story.plan
    ends = 0.0
    for segment in plan["segments"]:  # one after the other instead of side by side
        length = segment["end"] - segment["start"]
        segment.update(devices=["cpu1"], start=ends, end=ends + length)
        ends += length
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    shown = story.does("%saturn plan --use plan.json")
    assert "You gave it" in shown
    assert {tuple(one["devices"]) for one in story.plan["segments"]} == {("cpu1",)}
    plan["segments"][0]["steps"] += 1
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    error = story.shell.cell("%saturn plan --use plan.json")
    assert isinstance(error, SaturnError) and error.code == "plan-refused"
    assert "41 of its 40 steps are planned" in error.message
    assert story.session.state["plan"]["given"] is True


def test_every_line_of_the_page_does_what_it_says(story: Story, tmp_path: Path) -> None:
    written = lines()
    assert len(written) > 20
    cluster, task, *others = written
    story.does(cluster)
    story.does(CELL)
    story.does(task)
    story.does(f"%saturn plan {EXCLUDE}")
    (tmp_path / "plan.json").write_text(json.dumps(story.plan))
    node = story.session.state["cluster"]["nodes"][0]["id"]
    for line in others:
        if "plan.json" in line:
            story.does("%saturn wish --clear")
        story.does(line.replace("n1", node))
        if "--pin" in line:
            story.does(line.split("--pin")[0] + "--clear")
