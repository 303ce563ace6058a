"""A notebook in which the plan moves, by what training teaches and by orders: all is real."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jupyterlab_saturn import Session
from nightly import nightly
from stage import Stage
from test_story import home, opened, session  # noqa: F401
from test_story_control import in_training, task
from test_story_wishes import Story, story  # noqa: F401
from waiting import until

CELL = """
def slow(width, lr=0.1, pause=0.004):
    import time
    from functools import partial
    import torch
    from torch import nn
    from torch.utils.data import TensorDataset, default_collate
    from jupyterlab_saturn import Task

    def collate(samples):
        time.sleep(pause * len(samples))  # as a device would take: half of them, half as long
        return default_collate(samples)

    inputs = torch.linspace(-1, 1, 64).reshape(64, 1)
    return Task(
        model=nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, 1)),
        data=TensorDataset(inputs, 2 * inputs + 1),
        loss=nn.functional.mse_loss,
        optimizer=partial(torch.optim.SGD, lr=lr),
        batch_size=8,
        collate=collate,
    )
"""
EXCLUDED = ["fsdp", "hsdp", "offload", "pipeline", "tensor", "fsdp-tensor"]
LONG, SHORT = "slow-8", "slow-16"


def misjudge(folder: Path, signature: str, factor: float) -> int:
    """Have what is remembered of a signature say that it is faster; of how many cells."""
    changed = 0
    for path in folder.glob("profiles/*.json"):
        entry = json.loads(path.read_text("utf-8"))
        cell = entry["cell"]
        if cell["signature"] == signature:
            for seconds in {"stepSeconds", "spreadSeconds"} & cell.keys():
                cell[seconds] /= factor
            path.write_text(json.dumps(entry), "utf-8")
            changed += 1
    return changed


@pytest.fixture
def sweep(story: Story, home: Path, stage: Stage) -> Story:  # noqa: F811
    """Two tasks, of which an earlier session has it that the long one is as long as the other."""
    assert story.shell.cell(CELL) is None
    slow = story.shell.user_ns["slow"]
    with opened("earlier", home) as earlier:
        earlier.cluster(cpu=2)
        for width in (8, 16):
            earlier.add(slow, {"width": [width]})
        earlier.profile(full=True, exclude=EXCLUDED)
        signature = task(earlier, LONG)["inspection"]["signature"]
    assert misjudge(stage.cache, signature, 3.0) == 2
    story.does("%saturn cluster --cpu 2")
    for width, steps in ((8, 700), (16, 250)):
        story.does(f"%saturn task --factory slow --sweep width={width} --steps {steps}")
    return story


def places(session: Session, name: str) -> list[tuple[str, list[str]]]:  # noqa: F811
    """How and where a task has trained."""
    attempts = task(session, name)["attempts"]
    return [(one["strategy"]["technique"], one["devices"]) for one in attempts]


@pytest.mark.timeout(300)
@nightly
def test_the_plan_moves_by_what_training_teaches_and_by_what_is_asked(sweep: Story) -> None:
    import torch

    story, session = sweep, sweep.session  # noqa: F811
    story.does(f"%saturn run --exclude {','.join(EXCLUDED)}")
    assert not session.state["trials"]
    until(lambda: len(in_training(session)) == 2)
    assert {technique for name in (LONG, SHORT) for technique, _ in places(session, name)} == {
        "single"
    }

    # What trains turns out otherwise than thought: it is told, and the task moves by itself.
    until(lambda: places(session, LONG)[-1] == ("ddp", ["cpu0", "cpu1"]))
    speeds = [
        cause
        for replan in session.state["replans"]
        for cause in replan["causes"]
        if cause["kind"] == "speed"
    ]
    assert LONG in [name for cause in speeds for name in cause["tasks"]]
    shown = story.does("%saturn status")
    assert re.search(rf"{LONG} takes .* (as|than) planned", shown)
    assert re.search(rf"{LONG} (makes room, and )?goes on as ddp x2 on cpu0, cpu1", shown)
    until(lambda: LONG in in_training(session))
    step = task(session, LONG)["attempts"][-1]["fromStep"]
    assert step > 0

    # A clone begins with what its parent saved as it moved, while that goes on.
    story.does("%saturn wish --at-most 1")
    shown = story.does(f"%saturn clone {LONG} lr=0.05 --from last --name warm --steps 250")
    assert f"from {LONG} at step {step}" in shown
    assert task(session, LONG)["status"] == "running"

    # A task that is stopped leaves its devices to the one that waits.
    assert task(session, "warm")["status"] == "ready"
    story.does(f"%saturn stop {LONG}")
    until(lambda: "warm" in in_training(session))
    assert task(session, LONG)["status"] == "stopped"

    # What runs on a device that is to be kept free goes on elsewhere.
    free = places(session, "warm")[-1][1][-1]
    shown = story.does(f"%saturn wish --keep-free {free}")
    assert f"{free} kept free" in shown
    until(lambda: free not in places(session, "warm")[-1][1])
    until(lambda: "warm" in in_training(session))
    assert task(session, "warm")["attempts"][-1]["fromStep"] > 0
    assert f"{free} kept free." in story.does("%saturn status")

    story.does("%saturn wish --keep-free none --at-most none")
    story.does(f"%saturn resume {LONG}")
    story.does("%saturn wait")
    assert {one["status"] for one in session.state["tasks"]} == {"finished"}
    assert f"from {LONG} at step {step}" in story.does("%saturn results")
    ends = task(session, LONG)["attempts"]
    assert [one["fromStep"] for one in ends] == sorted(one["fromStep"] for one in ends)

    # What moved is what it would be had it stayed.
    story.does(f"%saturn clone {LONG} pause=0.0 --name stayed")
    story.does(f"%saturn run --switch never --exclude ddp,{','.join(EXCLUDED)}")
    story.does("%saturn wait")
    assert [technique for technique, _ in places(session, "stayed")] == ["single"]
    moved, stayed = (
        torch.load(session.paths.model(name), weights_only=True) for name in (LONG, "stayed")
    )
    for name, tensor in stayed.items():
        torch.testing.assert_close(moved[name], tensor, rtol=1e-4, atol=1e-6)
