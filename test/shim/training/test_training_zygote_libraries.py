"""What tasks name is loaded once, by a child that goes on as the zygote."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cloudpickle
import psutil
import pytest
from jupyterlab_saturn.training.runtime import named_libraries
from ranks import Session
from real_zygote import ZygoteClient
from training_tasks import mlp

cloudpickle.register_pickle_by_value(sys.modules[__name__])

_COUNTED = (
    "import os\n"
    "with open(os.environ['LOADED'], 'a') as file:\n"
    "    file.write(f'{os.getpid()}\\n')\n"
)
_THREAD = (
    "import threading, time\n"
    "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
)


def named(lr: float = 0.01) -> object:
    """As `mlp`, with a library that it loads itself."""
    import timm.models  # noqa: F401

    return mlp(lr=lr)


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def library(folder: Path, monkeypatch: pytest.MonkeyPatch, more: str = "") -> Path:
    """A library of a name that is known to be slow; where it tells who loads it."""
    (folder / "timm").mkdir()
    (folder / "timm" / "__init__.py").write_text(_COUNTED + more)
    (folder / "timm" / "models.py").write_text("")
    monkeypatch.syspath_prepend(str(folder))
    loaded = folder / "loaded"
    monkeypatch.setenv("LOADED", str(loaded))
    return loaded


def inspect(session: Session, zygote: ZygoteClient) -> None:
    specs = [session.spec(named, f"task-{index}", lr=0.1 / (1 + index)) for index in range(3)]
    job = {"kind": "inspect", "tasks": specs, "maxDevices": 1, "workers": 2}
    group = session.start(job, zygote)
    assert group.wait() == [0]
    results = [each["result"] for each in group.of("inspected")]
    assert len(results) == 3
    assert all("inspection" in result for result in results), results


def test_a_library_is_loaded_once_for_inspections_and_ranks(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = library(tmp_path, monkeypatch)
    zygote = ZygoteClient()
    inspect(session, zygote)
    inspect(session, zygote)
    job = session.train_job(session.spec(named), "single", steps=3)
    group = session.start(job, zygote)
    group.until("started")
    [successor] = map(int, loaded.read_text().split())
    assert psutil.Process(successor).ppid() == zygote.process.pid
    assert group.wait() == [0]
    assert len(loaded.read_text().split()) == 1
    os.kill(successor, signal.SIGKILL)
    assert zygote.process.wait(30) == 1
    zygote.close()


def test_one_that_starts_threads_is_not_taken_over(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = library(tmp_path, monkeypatch, _THREAD)
    zygote = ZygoteClient()
    inspect(session, zygote)
    assert str(zygote.process.pid) not in loaded.read_text().split()
    assert zygote.process.poll() is None
    zygote.close()
    assert zygote.process.returncode == 0


_LATE = """
import os, socket, sys, time
from pathlib import Path
from jupyterlab_saturn.training.runtime import preloaded_libraries, succession

first, kill = os.getpid(), os.kill

def kill_late(*order):
    time.sleep(0.5)
    kill(*order)

succession._SECONDS = 0.05
os.kill = kill_late
preloaded_libraries.load = lambda _: time.sleep(0.2)
try:
    succession.hand_on(["timm"], socket.socketpair()[0])
finally:
    if os.getpid() != first:
        Path(sys.argv[1]).touch()
"""


def test_one_that_is_ready_too_late_does_not_go_on_beside_the_other(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _LATE, str(tmp_path / "both")]
    subprocess.run(command, env=environment, check=True)
    assert not (tmp_path / "both").exists()


def test_what_is_named_is_read_and_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> object:
            return os.mkdir, (str(tmp_path / "run"),)

    code = [Trap(), "timm.models", "timm is slow", "timmy", "sklearn"]
    (tmp_path / "code.pkl").write_bytes(pickle.dumps(code))
    assert [*named_libraries._named_in(tmp_path / "code.pkl")] == ["timm.models", "sklearn"]
    assert not (tmp_path / "run").exists()
    (tmp_path / "request").write_text("no request")
    assert named_libraries.named_in_inspection(tmp_path / "request") == []
    assert named_libraries.named_in_inspection(tmp_path / "none") == []
