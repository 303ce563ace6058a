"""Models as others get them: the folder, and sending it to a Hub that is a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel.hub_folder import hub_folder
from jupyterlab_saturn.kernel.hub_push import check_repository
from jupyterlab_saturn.paths import SessionPaths

HUB = Path(__file__).parents[1] / "fakes/hub.py"

PUSH = """
import sys
from pathlib import Path
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel.hub_push import push_folder
try:
    print(push_folder(Path(sys.argv[1]), "me/model", "net", public=False))
except SaturnError as error:
    print(error.code, error)
"""


def state(paths: SessionPaths, model: str | None) -> Any:
    strategy = {"technique": "ddp", "devices": 2}
    attempt = {
        "number": 1,
        "strategy": strategy,
        "node": "n",
        "devices": ["cpu0", "cpu1"],
        "requestedAt": 10.0,
        "startedAt": 11.0,
        "endedAt": 21.0,
        "fromStep": 0,
    }
    spec = {"name": "net", "sweep": "net", "params": {"lr": 0.1}, "seed": 3, "hash": "abc"}
    task: dict[str, Any] = {
        "spec": spec,
        "status": "finished",
        "attempts": [attempt],
        "progress": {"step": 40},
        "result": {"loss": 0.25, "metrics": {"accuracy": 0.75}},
    }
    if model is not None:
        task["result"]["model"] = model
    return {"session": "pushed", "folder": str(paths.folder), "tasks": [task]}


@pytest.fixture
def paths(tmp_path: Path) -> SessionPaths:
    paths = SessionPaths("pushed", tmp_path).ensure()
    paths.task("net").mkdir()
    return paths


def test_a_plain_model_becomes_safetensors_with_a_card(paths: SessionPaths) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    weight = torch.arange(4.0)
    torch.save({"a": weight, "tied": weight, "extra": 3}, paths.model("net"))
    told = state(paths, "tasks/net/model.pt")
    folder = hub_folder(paths, told, told["tasks"][0])
    assert {path.name for path in folder.iterdir()} == {
        "README.md",
        "model.safetensors",
        "training.json",
    }
    loaded = safetensors.load_file(folder / "model.safetensors")
    assert {name: list(value) for name, value in loaded.items()} == {
        "a": [0, 1, 2, 3],
        "tied": [0, 1, 2, 3],
    }
    card = (folder / "README.md").read_text()
    assert card.startswith("---\n") and "- jupyterlab-saturn" in card
    assert "base_model" not in card and "license" not in card
    assert "| accuracy | 0.75 |" in card and "| lr | 0.1 |" in card
    assert "- from step 0: ddp on 2 devices" in card
    assert "| device-seconds | 20 |" in card
    facts = json.loads((folder / "training.json").read_text())
    assert (facts["hash"], facts["result"]["loss"], facts["seed"]) == ("abc", 0.25, 3)
    assert str(paths.folder) not in (folder / "training.json").read_text() + card
    assert torch.load(paths.model("net"))["extra"] == 3
    # It is made once.
    made = (folder / "model.safetensors").stat().st_ino
    assert hub_folder(paths, told, told["tasks"][0]) == folder
    assert (folder / "model.safetensors").stat().st_ino == made
    told["tasks"][0]["result"]["metrics"] = {"accuracy": 0.5}
    again = hub_folder(paths, told, told["tasks"][0])
    assert "| accuracy | 0.5 |" in (again / "README.md").read_text()


def test_an_export_is_given_whole_but_for_a_card_to_be_filled_in(paths: SessionPaths) -> None:
    model = paths.model_folder("net")
    (model / "tokenizer").mkdir(parents=True)
    (model / "tokenizer" / "vocab.txt").write_text("a")
    (model / "README.md").write_text("[More Information Needed]")
    (model / "adapter_config.json").write_text('{"base_model_name_or_path": "org/base"}')
    told = state(paths, "tasks/net/model")
    for _ in range(2):
        folder = hub_folder(paths, told, told["tasks"][0])
    card = (folder / "README.md").read_text()
    assert "base_model: org/base" in card and "library_name: peft" in card
    assert "More Information" not in card
    assert (model / "README.md").read_text() == "[More Information Needed]"
    assert (folder / "tokenizer" / "vocab.txt").read_text() == "a"
    assert not [path for path in folder.parent.iterdir() if path.name.endswith(".tmp")]


def test_a_base_model_on_this_machine_is_not_named(paths: SessionPaths, tmp_path: Path) -> None:
    model = paths.model_folder("net")
    model.mkdir()
    (model / "config.json").write_text(json.dumps({"_name_or_path": str(tmp_path / "base")}))
    told = state(paths, "tasks/net/model")
    card = (hub_folder(paths, told, told["tasks"][0]) / "README.md").read_text()
    assert "base_model" not in card and str(tmp_path) not in card


def test_what_is_not_trained_has_no_folder(paths: SessionPaths) -> None:
    for model in (None, "tasks/net/gone.pt"):
        told = state(paths, model)
        with pytest.raises(SaturnError) as error:
            hub_folder(paths, told, told["tasks"][0])
        assert error.value.code == "not-trained"


@pytest.mark.parametrize("name", ["model", "me/", "https://hub/me/model", "me/a b", "../x/y"])
def test_no_other_text_names_a_repository(name: str) -> None:
    with pytest.raises(SaturnError) as error:
        check_repository(name)
    assert error.value.code == "bad-repository"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    got = tmp_path / "hub"
    got.mkdir()
    command = [sys.executable, str(HUB), str(got)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}", got
        server.kill()


def push(folder: Path, endpoint: str, token: str) -> str:
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_TOKEN": token,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HOME": str(folder / ".home"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    environment.pop("HF_HUB_OFFLINE", None)
    command = [sys.executable, "-c", PUSH, str(folder / "model")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pytest.importorskip("huggingface_hub")
    model = tmp_path / "model"
    model.mkdir()
    (model / "README.md").write_text("# net")
    (model / "training.json").write_text("{}")
    return tmp_path


def test_a_folder_is_sent_privately(folder: Path, hub: tuple[str, Path]) -> None:
    endpoint, got = hub
    assert push(folder, endpoint, "hf_good").endswith("/me/model")
    assert json.loads((got / "created.json").read_text())["visibility"] == "private"
    assert (got / "README.md").read_text() == "# net"
    assert (got / "training.json").read_text() == "{}"


def test_what_the_hub_says_against_it_is_told(folder: Path, hub: tuple[str, Path]) -> None:
    endpoint, got = hub
    told = push(folder, endpoint, "hf_other")
    assert told.startswith("hub-refused The Hub refuses to take me/model: ")
    assert "You may not write here." in told
    assert not (got / "README.md").exists()


def test_no_token_and_no_hub_are_told(folder: Path) -> None:
    assert push(folder, "http://127.0.0.1:9", "").startswith("no-token ")
    assert push(folder, "http://127.0.0.1:9", "hf_good").startswith("hub-unreachable ")
