"""What tasks see of their notebook: real agent, engine and ranks."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import psutil
import pytest
from jupyterlab_saturn import Session, Task
from jupyterlab_saturn.errors import Json, SaturnError
from jupyterlab_saturn.paths import SessionPaths, events_socket
from waiting import SECONDS, until

# As the functions of a notebook, those of this module travel by value.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of all sessions; their agents are ended behind the tests."""
    place = tmp_path_factory.mktemp("sessions")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SATURN_IDLE_SECONDS", "600")
        yield place
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            command = " ".join(process.cmdline())
            if str(place) in command and "jupyterlab_saturn.agent" in command:
                process.terminate()
                process.wait(SECONDS)


@pytest.fixture
def no_memory_of_other_tests() -> None:
    """Instead of one for each test, which would be another world."""


@pytest.fixture
def session(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session without tasks; its agent, which takes seconds to start, is that of all tests."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    one = Session("world", home)
    yield one
    one.reset(yes=True)
    one.close()


def task(saw: str, steps: int = 2, pause: float = 0.0) -> Task:
    """A task that tells what its factory saw."""
    from functools import partial

    import torch
    from torch.utils.data import TensorDataset, default_collate

    def collate(samples: list[Any]) -> Any:
        time.sleep(pause)
        return default_collate(samples)

    inputs = torch.ones(8, 1)
    return Task(
        model=torch.nn.Linear(1, 1),
        data=TensorDataset(inputs, inputs),
        loss=torch.nn.functional.mse_loss,
        optimizer=partial(torch.optim.SGD, lr=0.1),
        batch_size=4,
        steps=steps,
        collate=collate,
        remarks=[f"saw {saw}"],
    )


def saw(session: Session, name: str) -> str:
    """What the inspection of a task tells that its factory saw."""
    [state] = [each for each in session.state["tasks"] if each["spec"]["name"] == name]
    assert "inspection" in state, state.get("error")
    [told] = [each for each in state["inspection"]["warnings"] if each.startswith("saw ")]
    return told.removeprefix("saw ")


def spec(session: Session, name: str) -> Json:
    [found] = [each["spec"] for each in session.state["tasks"] if each["spec"]["name"] == name]
    return found  # type: ignore[return-value]


def go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)


def test_each_task_sees_the_folder_of_its_notebook(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one() -> Task:
        return task(f"{len(Path('data.txt').read_text())} from {Path.cwd()}")

    for name, rows in (("first", 111), ("second", 222)):
        go(tmp_path / name, monkeypatch)
        Path("data.txt").write_text("x" * rows)
        one.__name__ = name
        session.add(one, wait=True)
    assert saw(session, "first") == f"111 from {tmp_path / 'first'}"
    assert saw(session, "second") == f"222 from {tmp_path / 'second'}"
    session.run()
    session.wait()
    assert [each["status"] for each in session.state["tasks"]] == ["finished"] * 2


def test_variables_set_late_are_seen_and_secrets_are_in_no_file(
    session: Session, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path / "notebook", monkeypatch)

    def variables() -> Task:
        token = os.environ.get("HF_TOKEN", "")[::-1]
        return task(f"{os.environ['SHARDS']} {token} {os.environ.get('GONE', 'none')}")

    monkeypatch.setenv("GONE", "1")
    monkeypatch.setenv("SHARDS", "0")
    session.add(variables, wait=True)
    before = spec(session, "variables")
    assert saw(session, "variables") == "0  1"
    monkeypatch.delenv("GONE")
    monkeypatch.setenv("SHARDS", "7")
    monkeypatch.setenv("HF_TOKEN", "hf_wordofmouth")
    session.add(variables, replace=True, wait=True)
    assert saw(session, "variables") == "7 htuomfodrow_fh none"
    assert spec(session, "variables")["hash"] != before["hash"]
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any("SHARDS" in path.read_text(errors="replace") for path in files)
    assert not any("wordofmouth" in path.read_text(errors="replace") for path in files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (home / "world" / "payloads").iterdir())


def test_modules_found_on_the_path_of_the_notebook(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("a", "b"):
        (tmp_path / place / "src").mkdir(parents=True)
        (tmp_path / place / "src" / "recipe_of_mine.py").write_text(f"NAME = '{place}'\n")
        go(tmp_path / place / "notebooks", monkeypatch)
        sys.path[:] = ["../src", *(entry for entry in sys.path if entry != "../src")]

        def recipe() -> Task:
            import recipe_of_mine  # type: ignore[import-not-found]

            return task(recipe_of_mine.NAME)

        recipe.__name__ = place
        session.add(recipe, wait=True)
    assert (saw(session, "a"), saw(session, "b")) == ("a", "b")


def test_what_this_process_works_with_is_kept_though_the_notebook_would_find_another(
    tmp_path: Path,
) -> None:
    package = tmp_path / "psutil"  # as where Ray was imported, which brings one along
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('not for us')")
    script = """
import sys
from pathlib import Path
import psutil
from jupyterlab_saturn.training.runtime.world import _search
_search([sys.argv[1]], Path())
assert sys.modules["psutil"] is psutil
psutil.Process().memory_info()
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)


def test_an_edited_module_makes_another_task_and_does_not_resume(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path / "notebook", monkeypatch)
    sys.path.insert(0, "")
    Path("outer_of_mine.py").write_text("from inner_of_mine import VALUE\n")
    Path("inner_of_mine.py").write_text("VALUE = 1\n")

    def module() -> Task:
        from outer_of_mine import VALUE  # type: ignore[import-not-found]

        return task(VALUE, steps=400, pause=0.02)

    session.cluster(cpu=1)
    session.add(module)
    first = spec(session, "module")["hash"]
    session.add(module)
    assert spec(session, "module")["hash"] == first
    session.run()
    until(lambda: session.state["tasks"][0]["progress"]["step"] > 2)
    session.stop()
    Path("inner_of_mine.py").write_text("VALUE = 2\n")
    session.run()
    session.wait()
    error = session.state["tasks"][0]["error"]
    assert error["code"] == "code-changed" and "inner_of_mine.py" in error["message"]
    with pytest.raises(SaturnError, match="other code"):
        session.add(module)
    session.add(module, replace=True, wait=True)
    assert saw(session, "module") == "2"


def test_settings_of_pytorch_are_carried(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    go(tmp_path / "notebook", monkeypatch)

    def dtype() -> Task:
        return task(str(torch.ones(1).dtype))

    torch.set_default_dtype(torch.float64)
    torch.manual_seed(42)
    try:
        session.add(dtype, wait=True)
    finally:
        torch.set_default_dtype(torch.float32)
    assert saw(session, "dtype") == "torch.float64"
    (made,) = session.state["tasks"]
    assert any("seeded PyTorch with 42" in text for text in made["inspection"]["warnings"])
    session.add(dtype, replace=True, wait=True)
    assert saw(session, "dtype") == "torch.float32"


def test_a_kernel_of_another_python_trains_with_it(session: Session, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", other], check=True)
    [packages] = other.glob("lib/python*/site-packages")
    (packages / "all.pth").write_text("\n".join(entry for entry in sys.path if entry))
    script = """
        import sys
        from jupyterlab_saturn import Session
        from test_notebook_world import task
        def interpreter():
            import sys
            return task(sys.executable)
        Session("world", sys.argv[1]).add(interpreter, wait=True)
        print(sys.executable)
    """

    def here() -> Task:
        return task("x")

    session.add(here, wait=True)  # the agent is one of this Python
    done = subprocess.run(
        [other / "bin" / "python", "-c", textwrap.dedent(script), session.paths.folder.parent],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    assert done.returncode == 0, done.stderr
    assert saw(session, "interpreter") == done.stdout.strip() == str(other / "bin" / "python")
    signatures = {each["inspection"]["signature"] for each in session.state["tasks"]}
    assert len(signatures) == 2


def test_the_session_of_a_long_runtime_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("long" * 40)))
    paths = SessionPaths("default", tmp_path)
    assert len(str(events_socket(paths.runtime))) < 108


def test_what_tasks_print_is_shown(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path / "notebook", monkeypatch)

    def printing(which: int) -> Task:
        if which == 3:
            input("Your name? ")
        for number in range(50):
            print("line", number, "of", which)  # noqa: T201
        display({"shown": which})  # type: ignore[name-defined]  # noqa: F821
        return task("x")

    session.cluster(cpu=1)
    session.add(printing, {"which": [1, 2, 3]}, wait=True)
    shown = session.log("printing-2", 3).text
    assert shown.splitlines()[1:] == ["line 48 of 2", "line 49 of 2", "{'shown': 2}"]
    [asking] = [each for each in session.state["tasks"] if each["status"] == "invalid"]
    assert "Your name?" in asking["error"]["message"]
    session.run(["printing-1"])
    session.wait()
    logged = session.log("printing-1")
    assert "Attempt 1, rank 0" in logged.text
    assert "Training loss of printing-1" in logged.text
    assert "<title>Training loss of printing-1</title>" in logged.html
    assert "Training loss" not in session.log("printing-1", steps=0).text
    assert "Training loss of printing-1" in repr(session.results())
    with pytest.raises(SaturnError, match="1 of 3 tasks failed: printing-3"):
        session.wait(check=True)
