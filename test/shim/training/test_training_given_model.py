"""The folder of a trained model for others: made by who trained it, whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.model_folder.hub_folder import is_folder_of, write_hub_folder
from jupyterlab_saturn.training.run.given_model import give_model
from jupyterlab_saturn.training.run.safetensors_file import convert
from ranks import Session, finish
from training_tasks import mlp

cloudpickle.register_pickle_by_value(sys.modules[__name__])

WHOLE = {"README.md", "model.safetensors", "training.json"}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def facts(folder: Path) -> Any:
    return json.loads((folder / "training.json").read_text())


def test_a_task_leaves_its_model_for_others_with_how_it_was_trained(session: Session) -> None:
    load = pytest.importorskip("safetensors.torch").load_file
    spec = session.spec(mlp, "given")
    first = session.train(spec, "single", until=5)
    assert first.wait()[-1] == 0
    result = finish(session.train(spec, "ddp", 2, attempt=2))
    folder = session.paths.hub_folder("given")
    assert names(folder) == WHOLE
    weights, given = session.weights(spec), load(folder / "model.safetensors")
    assert given.keys() == weights.keys()
    assert all(torch.equal(given[name], weights[name]) for name in weights)
    told = facts(folder)
    assert told["result"]["loss"] == result["loss"]
    assert (told["result"]["steps"], told["steps"], told["hash"]) == (12, 12, spec["hash"])
    assert told["parameters"] == sum(tensor.numel() for tensor in weights.values())
    assert [
        (one["attempt"], one["from_step"], one["strategy"]["technique"], one["devices"])
        for one in told["segments"]
    ] == [(1, 0, "single", 1), (2, 5, "ddp", 2)]
    card = (folder / "README.md").read_text()
    assert "- from step 5: ddp on 2 devices" in card
    assert str(session.paths.folder) not in card + json.dumps(told)


class Odd(torch.nn.Module):
    """A model with numbers that safetensors has no words for."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = torch.nn.Linear(8, 2)
        self.register_buffer("odd", torch.eye(2).to_sparse())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x)


def odd() -> Task:
    """`mlp` with such a model."""
    return Task(
        Odd(),
        [(torch.ones(8) * n, n % 2) for n in range(16)],
        torch.nn.functional.cross_entropy,
        optimizer=torch.optim.SGD,
        batch_size=4,
        steps=12,
    )


def test_what_cannot_be_written_so_is_trained_all_the_same(session: Session) -> None:
    spec = session.spec(odd, "odd")
    stale = session.paths.hub_folder("odd")
    stale.mkdir(parents=True)
    (stale / "model.safetensors").write_text("of another training")
    finish(session.train(spec, "single"))
    assert session.paths.model("odd").exists()
    assert not stale.exists()
    assert not list(stale.parent.glob("hub*"))


def test_a_log_that_makes_no_sense_fails_no_training(tmp_path: Path) -> None:
    paths = SessionPaths("s", tmp_path).ensure()
    log = paths.step_log("t")
    log.parent.mkdir()
    log.write_text('{"step":1,"time":2.0,"segment":0.5}\n')
    torch.save({"a": torch.ones(2)}, paths.model("t"))
    spec: Any = {"name": "t", "params": {}, "hash": "h", "seed": 0}
    result: Any = {"metrics": {}, "model": str(paths.model("t").relative_to(paths.folder))}
    sizes: Any = {"batch_size": None, "steps": 1, "samples": None, "parameters": None}
    give_model(paths, spec, result, step=1, validations=[], sizes=sizes)
    assert not paths.hub_folder("t").exists()


FACTS: Any = {
    "result": {
        "task": "t",
        "params": {},
        "steps": 3,
        "loss": None,
        "metrics": {"accuracy": 0.5},
        "validations": [],
        "stopped_early": False,
        "best_step": None,
    },
    "hash": "h",
    "seed": 0,
    "session": "s",
    "batch_size": None,
    "steps": 3,
    "samples": None,
    "parameters": None,
    "segments": [],
    "device_seconds": 0.0,
    "versions": {},
}

KILLED = """
import os, signal, sys
from pathlib import Path
from test_training_given_model import FACTS
from jupyterlab_saturn.training.model_folder.hub_folder import write_hub_folder

def killing(source, target):
    target.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)

write_hub_folder(Path(sys.argv[1]), Path(sys.argv[2]), FACTS, killing)
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.save({"a": torch.ones(2)}, tmp_path / "model.pt")
    return tmp_path / "model.pt"


def test_who_is_killed_meanwhile_leaves_nothing_that_looks_whole(
    tmp_path: Path, model: Path
) -> None:
    pytest.importorskip("safetensors")
    folder = tmp_path / "hub"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), str(model)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert not folder.exists()
    assert not is_folder_of(folder, FACTS)
    write_hub_folder(folder, model, FACTS, convert)
    assert names(folder) == WHOLE
    assert names(tmp_path) == {"hub", "model.pt"}
    assert is_folder_of(folder, FACTS)
    assert not is_folder_of(folder, {**FACTS, "hash": "another"})


def test_a_folder_that_cannot_be_made_leaves_none(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "hub"

    def lacking(source: Path, target: Path) -> None:
        raise ImportError("No module named 'safetensors'")

    folder.mkdir()
    with pytest.raises(ImportError):
        write_hub_folder(folder, model, FACTS, lacking)
    folder.mkdir()
    with pytest.raises(SaturnError) as error:
        write_hub_folder(folder, model, FACTS, convert, spare=1e15)
    assert error.value.code == "disk-full"
    assert names(tmp_path) == {"model.pt"}


def test_an_export_is_linked_and_stays_as_it_was_written(tmp_path: Path) -> None:
    export = tmp_path / "model"
    export.mkdir()
    for name in ("weights.bin", "README.md", "training.json"):
        (export / name).write_text(f"own {name}")
    write_hub_folder(tmp_path / "hub", export, FACTS, convert)
    assert (tmp_path / "hub" / "weights.bin").samefile(export / "weights.bin")
    assert facts(tmp_path / "hub")["hash"] == "h"
    assert all((export / name).read_text() == f"own {name}" for name in names(export))
