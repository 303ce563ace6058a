"""Every order and option that the docs name, given in a notebook: real engine, agent and ranks."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyterlab_saturn import Session
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel.options import find_verb, parse
from jupyterlab_saturn.kernel.verbs import VERBS
from nightly import nightly
from stage import attempts_told
from test_story import home, session, statuses  # noqa: F401
from test_story_control import in_training, task
from test_story_wishes import DOCS, EXCLUDE, Story, lines, story  # noqa: F401
from waiting import until

CELL = """
def line(kind, lr=0.1, pause=0.0):
    import pathlib
    import time
    from functools import partial
    import torch
    from torch import nn
    from torch.utils.data import TensorDataset, default_collate
    from jupyterlab_saturn import Task

    class Senseless(torch.optim.SGD):
        steps = 0

        def step(self, closure=None):
            self.steps += 1
            if kind == "odd" and self.steps > 5 and not pathlib.Path("mended").exists():
                raise RuntimeError("this model cannot think")
            return super().step(closure)

    def collate(samples):
        time.sleep(pause)
        return default_collate(samples)

    inputs = torch.linspace(-1, 1, 64).reshape(64, 1)
    model = nn.Sequential(nn.Linear(1, len(kind)), nn.Tanh(), nn.Linear(len(kind), 1))
    return Task(
        model=model,
        data=TensorDataset(inputs, 2 * inputs + 1),
        loss=nn.functional.mse_loss,
        optimizer=partial(Senseless, lr=lr),
        batch_size=8,
        collate=collate,
        eval_data=TensorDataset(inputs, 2 * inputs + 1),
        metrics={"mse": nn.functional.mse_loss},
        validate_every=10,
        best="mse:min",
        keep_best=True,
    )
"""
PAGES = ("control", "introspection", "planner", "wishes")
ORDERS = ("plan", "run", "wish", "stop", "resume", "retry", "clone", "remove")


def written() -> dict[str, set[str]]:
    """By verb: what notebooks of these stories write after it, options and their choices."""
    folder = Path(__file__).parent
    stories = "\n".join(path.read_text("utf-8") for path in folder.glob("test_story*.py"))
    found: dict[str, set[str]] = {}
    for line in [*re.findall(r"%saturn [^\n\"]*", stories), *lines()]:
        verb, _, rest = line.removeprefix("%").removeprefix("saturn ").partition(" ")
        words = re.findall(r"--[a-z-]+(?: [a-z]+)?", rest)
        found.setdefault(verb, set()).update(words, (word.split(" ")[0] for word in words))
    return found


@pytest.mark.parametrize("verb", ORDERS)
def test_every_option_is_used_by_a_notebook_of_these_stories(verb: str) -> None:
    used = written()
    wanted = {option.name for option in find_verb(verb).options}
    # What may be asked of a plan is asked with `wish`; `plan` and `run` take the same.
    if verb in ("plan", "run"):
        wanted -= {option.name for option in find_verb("wish").options}
        assert used[verb] & {option.name for option in find_verb("wish").options}
    choices = {
        "run": {"--switch never", "--switch pays", "--switch planned"},
        "clone": {"--from scratch", "--from start", "--from last", "--from best"},
    }
    assert (wanted | choices.get(verb, set())) - used[verb] == set()


def test_the_docs_name_no_order_and_no_option_that_is_not_there() -> None:
    texts = [(DOCS.parent / f"{page}.md").read_text("utf-8") for page in PAGES]
    texts.append((DOCS.parents[1] / "README.md").read_text("utf-8"))
    told = [line for text in texts for line in re.findall(r"%saturn ([a-z][^`\n|]*)", text)]
    assert len(told) > 60
    for line in told:
        verb, *words = line.strip().split()
        parse(find_verb(verb), [word for word in words if word != "TASK"])
    named = {line.split()[0] for line in told}
    assert {verb.name for verb in VERBS} - named == set()


def test_every_order_in_a_notebook(story: Story, tmp_path: Path) -> None:  # noqa: F811
    session = story.session  # noqa: F811
    story.does("%saturn cluster --cpu 1")
    story.does(CELL)
    story.does("%saturn task --factory line --sweep kind=plain,odd --steps 40")
    plain, odd = (each["spec"]["name"] for each in session.state["tasks"])
    shown = story.does(f"%saturn plan --seconds 1 --early 25% {EXCLUDE}")
    assert "before any goes on" in shown
    shown = story.does("%saturn run --early 25% --switch planned")
    assert "(--switch planned)" in shown
    story.does("%saturn wait --quiet")
    assert statuses(session.state) == {plain: "finished", odd: "failed"}
    assert task(session, plain)["attempts"][0]["until"] == 10

    # What failed is tried again when it is asked for, and by no other order.
    story.refused(f"%saturn resume {odd}", "task-failed")
    (tmp_path / "mended").touch()
    assert "cannot think" in story.does(f"%saturn retry {odd}")
    story.does("%saturn wait")
    assert statuses(session.state) == {plain: "finished", odd: "finished"}

    # What is finished takes no orders, but a clone may be made of it.
    for order in ("stop", "resume", "wish --priority 2"):
        verb, _, rest = order.partition(" ")
        assert "clone" in story.refused(f"%saturn {verb} {plain} {rest}", "task-finished")
    story.refused(f"%saturn retry {plain}", "not-failed")
    assert plain in story.refused("%saturn clone nobody lr=1", "unknown-task")
    story.refused(f"%saturn clone {plain} --from scratch", "same-task")
    story.refused(f"%saturn clone {plain} --from 7", "no-checkpoint")
    story.does(f"%saturn clone {plain} lr=0.05 --from scratch --steps 10")
    story.does(f"%saturn clone {plain} --from start --seed 3 --name begun")
    story.does(f"%saturn clone {plain} lr=0.01 --from last --epochs 1 --name wlast")
    story.does(f"%saturn clone {plain} lr=0.01 --from best --epochs 1 --name wbest")
    story.does(f"%saturn clone {plain} lr=0.01 --from 40 --epochs 1 --name w40")
    shown = story.does("%saturn run --switch never")
    assert "(--switch never)" in shown
    story.does("%saturn wait")
    assert "(--switch never)" in story.does("%saturn status")
    assert set(statuses(session.state).values()) == {"finished"}
    shown = story.does("%saturn results")
    assert f"from {plain} at step 40" in shown and f"from the start of {plain}" in shown
    begun = [task(session, name)["spec"]["warmStart"]["step"] for name in ("begun", "wlast", "w40")]
    assert begun == [0, 40, 40]
    kept = session.paths.folder / "weights"
    assert len(list(kept.iterdir())) >= 1

    # Weights are kept for as long as a task began with them.
    refused = story.shell.cell("%saturn remove wlast wbest w40")
    assert isinstance(refused, SaturnError) and refused.code == "trained-tasks"
    assert len(list(kept.iterdir())) >= 1
    story.does("%saturn remove wlast wbest w40 --yes")
    assert list(kept.iterdir()) == []
    assert "(--switch" not in story.does(f"%saturn run {plain} --switch pays")


def outcome(order: Callable[[], Any]) -> str:
    """What is answered to an order: ``ok``, or the code of its refusal."""
    try:
        order()
    except SaturnError as error:
        return error.code
    return "ok"


@nightly
def test_two_clients_order_what_contradicts_each_other(
    story: Story,  # noqa: F811
) -> None:
    session = story.session  # noqa: F811
    story.does("%saturn cluster --cpu 1")
    story.does(CELL)
    story.does("%saturn task --factory line --sweep kind=one,other pause=0.02 --steps 400")
    one, other = (each["spec"]["name"] for each in session.state["tasks"])
    story.does(f"%saturn run --keep {EXCLUDE}")
    until(lambda: in_training(session) == [one])
    second = Session("story", session.paths.folder.parent)
    answers: dict[str, set[str]] = {}

    def insist(client: Session, word: str) -> None:
        order = getattr(client, word)
        answers[word] = {outcome(lambda: order([one])) for _ in range(8)}

    clients = [
        threading.Thread(target=insist, args=client)
        for client in ((session, "stop"), (second, "resume"))
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join(120)
    assert answers == {"stop": {"ok"}, "resume": {"ok"}}

    # The last order counts, whoever gave it, and both see the same.
    second.resume([one])
    story.does(f"%saturn stop {one}")
    assert statuses(second.state)[one] == "stopped"
    second.resume([one])
    until(lambda: statuses(session.state)[one] != "stopped")
    second.remove([other], yes=True)
    assert "There is no task" in str(story.shell.cell(f"%saturn resume {other}"))
    assert {outcome(lambda: second.clone(one, lr=0.2)), outcome(lambda: second.stop([other]))} == {
        "ok",
        "unknown-task",
    }
    second.close()
    story.does("%saturn wait")
    assert set(statuses(session.state).values()) == {"finished"}
    # No step was lost or made twice, however often it was told to leave.
    attempts = task(session, one)["attempts"]
    assert [each["fromStep"] for each in attempts] == sorted(each["fromStep"] for each in attempts)
    told = attempts_told(session, one)
    assert told == sorted(told)
    assert told[-1] == len(attempts)
    kept = session.paths.folder / "tasks" / one / "checkpoints"
    assert "step-000000400" in {folder.name[:14] for folder in kept.iterdir()}
