"""What tests of the kernel room share: a session with a fake engine, a shell with the magics."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_timeout
from fakes.engine import FakeEngine, FakeLauncher
from fakes.shell import Shell
from jupyterlab_saturn.kernel.extension import Extension
from jupyterlab_saturn.kernel.session import Session
from jupyterlab_saturn.kernel.session_registry import SessionRegistry
from jupyterlab_saturn.patience import patience
from stage import Stage
from waiting import SECONDS


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call() -> None:
    """Notebooks do not see which test they are: with other variables, ranks have to start cold."""
    os.environ.pop("PYTEST_CURRENT_TEST", None)


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool | None:
    """A test may take as much longer as what it waits for does, on a machine with much to do."""
    if settings.timeout is None:
        return None
    longer = settings._replace(timeout=patience(settings.timeout))
    done: bool | None = pytest_timeout.pytest_timeout_set_timer(item, longer)
    return done


@pytest.fixture(autouse=True, scope="session")
def no_memory_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep measurements that tests make out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SATURN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def no_memory_of_other_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep measurements of one test out of the next."""
    monkeypatch.setenv("SATURN_CACHE", str(tmp_path / "cache"))


@pytest.fixture(autouse=True, scope="session")
def sockets_and_devices_of_its_own() -> Iterator[None]:
    """Sessions of these tests do not meet those of anybody else on this machine."""
    # Not in a folder of pytest's: socket paths hold about 100 bytes.
    with (
        tempfile.TemporaryDirectory(prefix="sat-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("XDG_RUNTIME_DIR", folder)
        patch.setenv("XDG_STATE_HOME", folder)
        yield


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Of all stories of this process."""
    made = Stage(tmp_path_factory.mktemp("stage"))
    yield made
    made.clear()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The notebook's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SATURN_HOME", str(tmp_path / "saturn"))
    return tmp_path


@pytest.fixture
def launcher(home: Path) -> Iterator[FakeLauncher]:
    # Not in tmp_path: socket paths hold about 100 bytes.
    with tempfile.TemporaryDirectory(prefix="saturn-") as folder:
        launcher = FakeLauncher(Path(folder))
        yield launcher
        launcher.stop()


@pytest.fixture
def session(launcher: FakeLauncher) -> Iterator[Session]:
    session = Session(launcher=launcher)
    yield session
    session.close()


@pytest.fixture
def engine(session: Session, launcher: FakeLauncher) -> FakeEngine:
    """The engine of `session`, started."""
    session.attachment.attach().wait_for(lambda _: True, SECONDS)
    assert launcher.engine is not None
    launcher.engine.received.clear()
    return launcher.engine


@pytest.fixture
def shell(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell whose magics act on `session`."""
    Shell.clear_instance()
    shell = Shell.instance()
    # What a notebook defines lies in its kernel's __main__.
    monkeypatch.setitem(sys.modules, "__main__", shell.user_module)
    sessions = SessionRegistry()
    sessions.choose(session)
    extension = Extension(shell, sessions)
    extension.load()
    yield shell
    extension.unload()
    Shell.clear_instance()
