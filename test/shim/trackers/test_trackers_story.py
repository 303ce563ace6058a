"""Trackers told of a session that trains, by magics: killed exporters, switches, keys."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from fakes.shell import Shell
from jupyterlab_saturn import Session
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel.tracker_wishes import track_body
from jupyterlab_saturn.trackers import catalogue
from nightly import nightly
from stage import named
from test_story import home, lines, session
from trackers.test_trackers import once
from trackers.tracked_session import READERS, STATUSES
from waiting import until

__all__ = ["home", "session"]  # fixtures

ALONE = ["ddp", "fsdp", "offload", "pipeline", "tensor"]
MARK = "jupyterlab_saturn.trackers"


def report(session: Session) -> Any:
    [tracker] = session.state["tracking"]
    return tracker.get("report", {})


def test_a_session_tells_tensorboard_though_its_exporter_is_killed(
    session: Session, shell: Shell
) -> None:
    session.cluster(cpu=2)
    session.add(lines, {"lr": [0.1, 0.05], "pause": 0.01, "steps": 200})
    assert shell.cell("%saturn track tensorboard") is None
    [text] = shell.texts()
    place = session.paths.tracker("tensorboard")
    assert f'%load_ext tensorboard, then %tensorboard --logdir "{place}"' in text
    session.run(exclude=ALONE)
    until(lambda: report(session).get("steps", 0) > 20)
    [exporter] = named(MARK, session)
    os.kill(exporter.pid, signal.SIGKILL)
    until(lambda: report(session).get("state") == "failing")
    session.wait(check=True)
    assert "All tasks are told to TensorBoard." in session.status().text
    names = [task["spec"]["name"] for task in session.state["tasks"]]
    until(lambda: {*STATUSES["tensorboard"](place).values()} == {"finished"})
    found = READERS["tensorboard"](place)
    assert {name: once(points, "train/loss") for name, points in found.items()} == {
        name: [*range(1, 201)] for name in names
    }
    assert shell.cell(f"%saturn push {names[0]}") is None
    assert (session.paths.hub_folder(names[0]) / "model.safetensors").exists()
    assert shell.cell("%saturn track --off") is None
    until(lambda: not named(MARK, session))
    assert session.state["tracking"] == []
    with pytest.raises(SaturnError) as error:
        session.untrack("tensorboard")
    assert error.value.code == "not-tracked"


@nightly
def test_each_step_is_told_once_though_the_agent_is_killed(session: Session) -> None:
    session.cluster(cpu=2)
    session.add(lines, {"lr": [0.1, 0.05], "pause": 0.01, "steps": 300})
    session.track("tensorboard")
    session.run(exclude=ALONE)
    until(lambda: report(session).get("steps", 0) > 50)
    [agent] = named("jupyterlab_saturn.agent", session)
    agent.kill()
    until(lambda: not named("jupyterlab_saturn.agent", session))
    again = Session("story", session.paths.folder.parent)
    again.wait(check=True)
    place = again.paths.tracker("tensorboard")
    until(lambda: {*STATUSES["tensorboard"](place).values()} == {"finished"})
    for points in READERS["tensorboard"](place).values():
        assert once(points, "train/loss") == [*range(1, 301)]
    again.close()


@nightly
def test_keys_are_in_no_file_and_are_asked_for_after_the_agent(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "very-secret")
    session.cluster(cpu=1)
    session.track("mlflow")
    until(lambda: report(session)["state"] == "telling")  # on a busy machine MLflow takes its time
    [tracker] = session.state["tracking"]
    assert tracker["wish"]["secrets"] == ["MLFLOW_TRACKING_PASSWORD"]
    [agent] = named("jupyterlab_saturn.agent", session)
    agent.kill()
    until(lambda: not named("jupyterlab_saturn.agent", session))
    until(lambda: not named(MARK, session))
    session.attachment.resume()
    until(lambda: report(session).get("state") == "failing")
    assert report(session)["error"]["code"] == "no-key"
    assert "%saturn track mlflow" in session.track().text
    session.track("mlflow")
    until(lambda: report(session)["state"] == "telling")
    texts = [path.read_bytes() for path in session.paths.folder.rglob("*") if path.is_file()]
    assert not any(b"very-secret" in text for text in texts)


def refused(*words: Any, **more: Any) -> str:
    with pytest.raises(SaturnError) as error:
        track_body(*words, **more)
    return error.value.code


def test_what_cannot_be_told_is_refused_before_anything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for kind in catalogue.KINDS:
        for secret in kind.secrets:
            monkeypatch.delenv(secret, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    assert refused("comet") == "unknown-tracker"
    assert refused("tensorboard", project="p") == refused("trackio", "uri") == "bad-option"
    for uri in ("./mlruns", "file:///runs", "sqlite://", "sqlite:///:memory:"):
        assert refused("mlflow", uri) == "bad-uri"
        with monkeypatch.context() as there:
            there.setenv("MLFLOW_TRACKING_URI", uri)
            assert refused("mlflow") == "bad-uri"
    assert refused("wandb", online=True) == "no-key"
    assert track_body("wandb") == {"set": {"tracker": "wandb"}}
    monkeypatch.setenv("WANDB_API_KEY", "k")
    keyed = {"tracker": "wandb", "online": True, "secrets": ["WANDB_API_KEY"]}
    assert track_body("wandb") == {"set": keyed, "secrets": {"WANDB_API_KEY": "k"}}
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert track_body("wandb") == {"set": {"tracker": "wandb"}}
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:pw@host")
    asked = track_body("mlflow")
    assert "pw" not in str(asked["set"]) and "pw" in str(asked["secrets"])
    assert "secrets" not in track_body("mlflow", "sqlite:////runs.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///runs.db")
    here = f"sqlite:///{tmp_path}/runs.db"
    assert track_body("mlflow")["secrets"] == {"MLFLOW_TRACKING_URI": here}
    assert track_body("mlflow", "sqlite:///runs.db")["set"].get("uri") == here
    monkeypatch.setattr(catalogue, "find_spec", lambda _: None)
    with pytest.raises(SaturnError) as missing:
        track_body("wandb")
    assert missing.value.code == "no-tracker"
    assert missing.value.hint == (
        'Install it, then try again: %pip install "jupyterlab-saturn[wandb]"'
    )
