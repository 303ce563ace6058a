"""What tests of the server room share: a server, a folder of notebooks, a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyterlab_saturn.agent.launch_record import note_launch
from page_server import Server, SleepingSession, free_port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("server") / "root"
    root.mkdir()
    server = Server(root, free_port())
    yield server
    server.close()


@pytest.fixture
def notebooks(server: Server, tmp_path: Path) -> Iterator[Path]:
    """A folder of notebooks of the test's own, below the server's."""
    folder = server.root / tmp_path.name
    folder.mkdir()
    yield folder
    server.leave()


@pytest.fixture
def sleeping(notebooks: Path) -> Iterator[SleepingSession]:
    """A session beside the notebooks, which does not run, and that its notebook has used."""
    session = SleepingSession(notebooks / ".saturn")
    note_launch(session.paths, {"JPY_SESSION_NAME": str(notebooks / "sweep.ipynb")})
    yield session
    session.paths.launch_record.unlink()
    session.close()
