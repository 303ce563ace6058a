"""Adapters of one frozen model, from cells to trained models: in one run where that is faster."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from jupyterlab_saturn import Session, Task
from jupyterlab_saturn.errors import Json
from nightly import nightly
from stage import Stage, named, until

# As the functions of a notebook, those of this module travel by value.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

ALONE = ["ddp", "fsdp", "hsdp", "offload", "pipeline", "tensor", "fsdp-tensor"]
STEPS = 40


@pytest.fixture
def session(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SATURN_IDLE_SECONDS", "600")
    monkeypatch.setenv("SATURN_CACHE", str(stage.cache))
    one = Session("story", stage.home)
    yield one
    stage.leave(one)


def adapters(lr: float = 1e-2, rank: int = 4, steps: int = 60) -> Task:
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
            tokens = (torch.arange(8) * (place + 1)) % words
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
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=["q_proj", "v_proj"])
    return Task(
        get_peft_model(model, config),
        Texts(),  # type: ignore[arg-type]
        next_word,
        partial(torch.optim.AdamW, lr=lr),
        batch_size=2,
        steps=steps,
        forward=by_keyword,
    )


def runs(state: Json) -> list[set[str]]:
    """The tasks of each run of several."""
    found: dict[str, set[str]] = {}
    for task in state["tasks"]:
        for attempt in task["attempts"]:
            if "fusion" in attempt:
                found.setdefault(attempt["fusion"], set()).add(task["spec"]["name"])
    return list(found.values())


def start(session: Session, devices: int = 1) -> None:
    """Adapters under way in one run, after a few steps of each."""
    session.cluster(cpu=devices)
    session.add(adapters, {"lr": [1e-2, 3e-3, 1e-3], "steps": [STEPS]})
    session.run(exclude=ALONE)
    until(
        lambda: all(
            task["attempts"] and task["attempts"][-1].get("fusion") and task["progress"]["step"] > 0
            for task in session.state["tasks"]
        ),
        400,
    )


@nightly
@pytest.mark.timeout(600)
def test_adapters_are_trained_in_one_run_and_one_of_them_is_stopped(session: Session) -> None:
    start(session)
    state = session.state
    names = [task["spec"]["name"] for task in state["tasks"]]
    assert runs(state) == [set(names)]
    assert "fused with 2 others" in session.status().text
    before = [len(task["attempts"]) for task in state["tasks"]]
    session.stop([names[1]])
    [engine] = named("engine.mjs", session)
    engine.kill()
    session.wait()
    state = session.state
    assert [task["status"] for task in state["tasks"]] == ["finished", "stopped", "finished"]
    assert [len(task["attempts"]) for task in state["tasks"]] == before
    # What has been stopped goes on, alone.
    session.run([names[1]], exclude=ALONE)
    session.wait(check=True)
    for name in names:
        assert list(session.history(name).index) == list(range(1, STEPS + 1))
    assert any(cell.get("fused") == 3 for cell in session.state["cells"])
    assert "can be trained in one run with 2 others" in session.check().text


@nightly
@pytest.mark.timeout(600)
def test_the_agent_is_killed_while_adapters_train(session: Session) -> None:
    start(session, 2)
    [agent] = named("jupyterlab_saturn.agent", session)
    agent.kill()
    again = Session("story", session.paths.folder.parent)
    again.wait(check=True)
    for task in again.state["tasks"]:
        name = task["spec"]["name"]
        assert list(again.history(name).index) == list(range(1, STEPS + 1))
    again.close()


@nightly
@pytest.mark.timeout(600)
def test_nobody_is_put_together_where_that_is_not_wanted(session: Session) -> None:
    session.cluster(cpu=2)
    session.add(adapters, {"lr": [1e-2, 3e-3, 1e-3, 3e-4]})
    session.run(exclude=ALONE, fuse="never")
    session.wait(check=True)
    assert runs(session.state) == []
