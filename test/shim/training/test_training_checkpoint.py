"""What the disk does to checkpoints, and what of a model is in them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import cloudpickle
import pytest
import torch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from nightly import nightly
from ranks import Group, Session, finish
from real_zygote import ZygoteClient
from torch.distributed.checkpoint import FileSystemReader
from training_tasks import mlp

cloudpickle.register_pickle_by_value(sys.modules[__name__])

ALWAYS: dict[str, Any] = {"checkpointSeconds": 1e-9}  # a checkpoint whenever the ranks agree


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def assert_same_weights(session: Session, spec: Json, reference: Json) -> None:
    weights = session.weights(spec)
    for name, tensor in session.weights(reference).items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-6, atol=1e-7)


class SmallDisk(Session):
    """A session for whose ranks alone the folder of tasks is a disk of four megabytes."""

    def __init__(self) -> None:
        super().__init__()
        mount = f"mount -t tmpfs -o size=4m,mode=700 tmpfs '{self.paths.tasks}'"
        alone = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
        if subprocess.run([*alone, mount], capture_output=True, check=False).returncode != 0:
            super().close()
            pytest.skip("this user may not mount a small disk")
        self.zygote = ZygoteClient([*alone, f'{mount} && exec "$@"', "sh"])

    def close(self) -> None:
        self.zygote.close()
        super().close()

    def weights(self, spec: Json) -> dict[str, Any]:
        # As a rank sees it.
        path = f"/proc/{self.zygote.process.pid}/root{self.paths.model(spec['name'])}"
        loaded: dict[str, Any] = torch.load(path, weights_only=True)
        return loaded


@pytest.fixture(scope="module")
def small_disk() -> Iterator[SmallDisk]:
    small_disk = SmallDisk()
    yield small_disk
    small_disk.close()


def filling(script: str, folder: str, at: str) -> Task:
    """A task that fills its disk up: after a step, or when its second save has just begun."""
    import sys
    from pathlib import Path

    ballast = Path(folder) / "ballast"
    ballast.unlink(missing_ok=True)
    calls = 0
    saves: set[str] = set()

    def fill() -> None:
        with ballast.open("ab", buffering=0) as file:
            for size in (65536, 1):
                try:
                    while Path(script).exists():
                        file.write(b"x" * size)
                except OSError:
                    continue

    def note(outputs: torch.Tensor, targets: torch.Tensor) -> Any:
        nonlocal calls
        calls += 1
        if at == "step" and calls == 6:
            fill()
        return right(outputs, targets)

    def see(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.mkdir" and at == "save" and str(arguments[0]).endswith(".tmp"):
            saves.add(str(arguments[0]))
        # Its folder is made and the room was there: now it is taken.
        if event == "open" and len(saves) == 2 and str(arguments[0]).endswith(".distcp"):
            saves.clear()
            fill()

    sys.addaudithook(see)
    task = mlp()
    right = task.loss
    return type(task)(**{**vars(task), "loss": note})


@pytest.mark.parametrize("at", ["step", "save"])
def test_on_a_full_disk_the_last_commit_stays_and_training_goes_on_with_room(
    small_disk: SmallDisk, at: str
) -> None:
    def train(spec: Json, **changes: Any) -> Group:
        return small_disk.train(spec, "single", zygote=small_disk.zygote, **changes)

    reference = small_disk.spec(mlp, f"reference-{at}")
    finish(train(reference))
    folder, script = small_disk.paths.tasks, small_disk.script
    spec = small_disk.spec(filling, f"filling-{at}", script=str(script), folder=str(folder), at=at)
    script.touch()
    group = train(spec, **ALWAYS)
    assert group.wait() == [1], group.log
    error = group.of("failed")[0]["error"]
    assert error["code"] == "disk-full"
    assert f"{small_disk.paths.checkpoints(spec['name'])} has 0.0 MB left" in error["message"]
    saved = group.of("checkpoint")[-1]["step"]
    script.unlink()
    group = train(spec)
    finish(group)
    assert group.of("started")[0]["step"] == saved
    assert_same_weights(small_disk, spec, reference)


def test_files_that_may_not_grow_cost_no_commit(session: Session) -> None:
    def bounded(limit: int) -> Task:
        import resource

        task = mlp()
        right, calls = task.loss, 0

        def loss(outputs: torch.Tensor, targets: torch.Tensor) -> Any:
            nonlocal calls
            calls += 1
            if calls == 6 and limit:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            return right(outputs, targets)

        return type(task)(**{**vars(task), "loss": loss})

    spec = session.spec(bounded, limit=2048)
    group = session.train(spec, "single", **ALWAYS)
    assert group.wait() == [1], group.log
    assert group.of("failed")[0]["error"]["code"] == "checkpoint-failed"
    saved = group.of("checkpoint")[-1]["step"]
    names = [path.name for path in session.paths.checkpoints("bounded").iterdir()]
    assert f"step-{saved:09d}-1" in names
    assert not [name for name in names if name.endswith(".tmp")]
    group = session.train({**spec, "params": {"limit": 0}}, "single")
    finish(group)
    assert group.of("started")[0]["step"] == saved


@pytest.mark.parametrize("part", ["__0_0.distcp", ".metadata", "manifest.json"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_gone_on_from(
    session: Session, part: str
) -> None:
    reference = session.spec(mlp, "reference")
    finish(session.train(reference, "single"))
    spec = session.spec(mlp)
    assert session.train(spec, "single", until=8, **ALWAYS).wait() == [0]
    before, last = sorted(session.paths.checkpoints("mlp").iterdir())
    kept = json.loads((before / "manifest.json").read_text())["step"]
    data = bytearray((last / part).read_bytes())
    # Within, a manifest may say the same, or be that of another task, with one bit changed.
    data[0 if part == "manifest.json" else len(data) // 2] ^= 1
    (last / part).write_bytes(data)
    group = session.train(spec, "single")
    finish(group)
    assert group.of("started")[0]["step"] == kept
    assert f"The checkpoint {last} is damaged" in group.log
    assert_same_weights(session, spec, reference)


def tuned() -> Task:
    """A task that trains a small part of its model, as LoRA does, and whose rest is large."""
    task = mlp()
    for parameter in (*task.model[0].parameters(), *task.model[2].parameters()):
        parameter.requires_grad_(False)
    return task


@pytest.mark.parametrize(
    ("first", "then"), [pytest.param("single", "fsdp", marks=nightly), ("fsdp", "ddp")]
)
def test_what_is_not_trained_is_in_no_checkpoint_and_in_the_model(
    session: Session, first: str, then: str
) -> None:
    counts = {"single": 1, "ddp": 2, "fsdp": 2}
    reference = session.spec(tuned, "reference")
    finish(session.train(reference, "single"))
    spec = session.spec(tuned)
    group = session.train(spec, first, counts[first], until=8, **ALWAYS)
    assert set(group.wait()) == {0}, group.log
    before, last = sorted(session.paths.checkpoints("tuned").iterdir())
    saved = FileSystemReader(before).read_metadata().state_dict_metadata
    assert {name for name in saved if name.startswith("model.")} == {
        f"model.1.{block}.linear.{part}" for block in range(3) for part in ("weight", "bias")
    }
    shutil.rmtree(last)
    group = session.train(spec, then, counts[then])
    finish(group)
    assert 0 < group.of("started")[0]["step"] < 12
    assert session.weights(spec).keys() == session.weights(reference).keys()
    assert_same_weights(session, spec, reference)
