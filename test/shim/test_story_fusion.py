"""Adapters of one frozen model, from cells to trained models: in one run where that is faster."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from jupyterlab_saturn import Session, Task, between
from jupyterlab_saturn.errors import Json
from nightly import nightly
from stage import Stage, named
from waiting import until

# As the functions of a notebook, those of this module travel by value.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

ALONE = ["ddp", "fsdp", "hsdp", "offload", "pipeline", "tensor", "fsdp-tensor"]
STEPS = 60
"""Of runs that something happens to meanwhile."""


@pytest.fixture
def session(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SATURN_IDLE_SECONDS", "600")
    monkeypatch.setenv("SATURN_CACHE", str(stage.cache))
    one = Session("story", stage.home)
    yield one
    stage.leave(one)


def adapters(lr: float = 1e-2, rank: int = 4, steps: int = 27) -> Task:
    """A tiny Llama, of which two layers are adapted."""
    from functools import partial

    import torch
    from jupyterlab_saturn.task import by_keyword
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    words = 32

    class Texts:
        def __len__(self) -> int:
            return 64

        def __getitem__(self, place: int) -> Any:
            tokens = torch.arange(8) * (place % 2 + 1)
            return {"input_ids": tokens}, tokens

    def next_word(outputs: Any, labels: Any) -> Any:
        logits = outputs.logits[:, :-1].reshape(-1, words)
        return torch.nn.functional.cross_entropy(logits, labels[:, 1:].reshape(-1))

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=words,
                hidden_size=64,
                intermediate_size=128,
                num_hidden_layers=4,
                num_attention_heads=2,
                num_key_value_heads=2,
                max_position_embeddings=64,
                use_cache=False,
            )
        )
    config = LoraConfig(r=rank, lora_alpha=8 * rank, target_modules=["q_proj", "v_proj"])
    return Task(
        get_peft_model(model, config),
        Texts(),  # type: ignore[arg-type]
        next_word,
        partial(torch.optim.AdamW, lr=lr),
        batch_size=2,
        steps=steps,
        forward=by_keyword,
    )


def twins(lr: float = 1e-2, rank: int = 4, steps: int = 27) -> Task:
    """What `adapters` trains, of no sweep with others."""
    return adapters(lr, rank, steps)


def task(session: Session, name: str) -> Json:
    return next(each for each in session.state["tasks"] if each["spec"]["name"] == name)


def names(session: Session, prefix: str = "adapters") -> list[str]:
    every = (each["spec"]["name"] for each in session.state["tasks"])
    return [name for name in every if name.startswith(prefix)]


def runs(session: Session) -> list[list[str]]:
    """The tasks of each run of several."""
    found: dict[str, list[str]] = {}
    for each in session.state["tasks"]:
        for attempt in each["attempts"]:
            if "fusion" in attempt:
                found.setdefault(attempt["fusion"], []).append(each["spec"]["name"])
    return list(found.values())


def plan_one_run(session: Session) -> None:
    """Have all adapters planned in one run, however fast that was found to be."""
    session.profile(exclude=ALONE)
    session.plan(exclude=ALONE)
    state, every = session.state, names(session)
    [cell] = [one for one in state["cells"] if one.get("fused") == len(every)]
    plan = state["plan"]["plan"]
    place = {k: plan["segments"][0][k] for k in ("strategy", "node", "devices", "steps")}
    seconds = cell["startSeconds"] + place["steps"] * cell["stepSeconds"]
    run = {**place, "start": 0, "end": seconds, "fusion": "all"}
    session.plan(use={**plan, "segments": [{**run, "task": name} for name in every]})


def start(session: Session) -> None:
    """Adapters under way in one run, after a few steps of each."""
    session.cluster(cpu=1)
    session.add(adapters, {"lr": [1e-2, 3e-3, 1e-3], "steps": [STEPS]})
    plan_one_run(session)
    session.run()
    until(lambda: all(each["progress"]["step"] > 0 for each in session.state["tasks"]))
    assert runs(session) == [names(session)]


def same_as_alone(session: Session, pairs: dict[str, str]) -> None:
    """Each of some tasks was trained as another was alone, as far as it was."""
    for name, twin in pairs.items():
        assert "fusion" not in task(session, twin)["attempts"][-1]
        own, theirs = session.history(name)["loss"], session.history(twin)["loss"]
        assert list(own.index) == list(range(1, len(own) + 1))
        assert float((own - theirs[: len(own)]).abs().max()) < 1e-5


@pytest.mark.timeout(600)
def test_a_rule_gives_up_one_of_a_run_and_each_is_as_alone(session: Session) -> None:
    session.cluster(cpu=1)
    # The last one is the worst: of the others, each is the best that was seen.
    session.add(adapters, {"lr": [1e-4, 1e-3, 1e-2, 1e-6]}, stop="asha:first=9", by="loss")
    plan_one_run(session)
    session.run()
    session.wait()
    *kept, worst = names(session)
    assert runs(session) == [[*kept, worst]]
    assert [task(session, name)["status"] for name in kept] == ["finished"] * 3
    given_up = task(session, worst)
    assert given_up["status"] == "stopped"
    assert (given_up["givenUp"]["rule"], given_up["givenUp"]["step"]) == ("asha", 9)
    assert given_up["checkpointStep"] >= 9
    assert list(session.paths.checkpoints(worst).glob("step-*"))
    assert [len(each["attempts"]) for each in session.state["tasks"]] == [1] * 4

    session.add(twins, {"lr": [1e-3]})
    [alone] = names(session, "twins")
    session.run([alone], exclude=ALONE, fuse="never")
    session.wait(check=True)
    same_as_alone(session, {kept[1]: alone})


@nightly
@pytest.mark.timeout(600)
def test_who_gives_way_in_a_run_leaves_it_and_who_goes_on_is_as_alone(session: Session) -> None:
    session.cluster(cpu=1)
    space = {"lr": between(1e-6, 1e-2, log=True), "rank": [4]}
    session.add(adapters, space, points=4, stop="pbt:first=9", by="loss", wait=True)
    first = names(session)
    plan_one_run(session)
    session.run()
    session.wait()
    assert sorted(runs(session)[0]) == sorted(first)
    every = {each["spec"]["name"]: each for each in session.state["tasks"]}
    lost = [name for name, each in every.items() if each["status"] == "stopped"]
    made = {name: each for name, each in every.items() if "warmStart" in each["spec"]}
    assert len(made) == len(lost) > 0
    assert sum(each["status"] == "finished" for each in every.values()) == 4
    for name, each in made.items():
        # In the checkpoint that its parent had then, with a rate of its own.
        warm, parent = each["spec"]["warmStart"], every[each["spec"]["cloneOf"]]
        steps = session.history(name)
        assert list(steps.index) == list(range(warm["step"] + 1, each["progress"]["step"] + 1))
        assert set(steps["lr"]) == {each["spec"]["params"]["lr"]}
        assert each["spec"]["params"]["lr"] != parent["spec"]["params"]["lr"]
        told = session.paths.weights(warm["checkpoints"][-1]) / "manifest.json"
        manifest = json.loads(told.read_text("utf-8"))
        assert (manifest["task"], manifest["step"]) == (parent["spec"]["name"], warm["step"])

    parent = next(name for name in first if every[name]["status"] == "finished")
    session.add(twins, {"lr": [every[parent]["spec"]["params"]["lr"]]})
    [alone] = names(session, "twins")
    session.run([alone], exclude=ALONE, fuse="never")
    session.wait(check=True)
    same_as_alone(session, {parent: alone})


@nightly
@pytest.mark.timeout(600)
def test_one_is_stopped_the_engine_killed_and_each_is_as_alone(session: Session) -> None:
    start(session)
    first, second, third = names(session)
    assert "fused with 2 others" in session.status().text
    assert "can be trained in one run with 2 others" in session.check().text
    session.stop([second])
    [engine] = named("engine.mjs", session)
    engine.kill()
    session.wait()
    ends = [task(session, name)["status"] for name in (first, second, third)]
    assert ends == ["finished", "stopped", "finished"]
    assert [len(each["attempts"]) for each in session.state["tasks"]] == [1] * 3
    stopped = task(session, second)["checkpointStep"]
    assert 0 < stopped < STEPS
    session.add(twins, {"lr": [1e-2, 3e-3, 1e-3], "steps": [STEPS]})
    session.run(exclude=ALONE, fuse="never")
    session.wait(check=True)
    assert len(runs(session)) == 1
    same_as_alone(session, dict(zip((first, second, third), names(session, "twins"), strict=True)))


@nightly
@pytest.mark.timeout(600)
def test_the_agent_is_killed_while_adapters_train(session: Session) -> None:
    start(session)
    [agent] = named("jupyterlab_saturn.agent", session)
    agent.kill()
    again = Session("story", session.paths.folder.parent)
    again.wait(check=True)
    for name in names(again):
        assert list(again.history(name).index) == list(range(1, STEPS + 1))
    again.close()


@nightly
@pytest.mark.timeout(600)
def test_nobody_is_put_together_where_that_is_not_wanted(session: Session) -> None:
    session.cluster(cpu=2)
    session.add(adapters, {"lr": [1e-2, 3e-3, 1e-3, 3e-4]})
    session.run(exclude=ALONE, fuse="never")
    session.wait(check=True)
    assert runs(session) == []
    assert not any("fused" in cell for cell in session.state["cells"])
