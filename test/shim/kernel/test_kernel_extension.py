"""Loading: cheap, complete, and taken back without a trace."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from fakes.engine import FakeEngine, FakeLauncher
from fakes.shell import Shell
from jupyter_client.manager import KernelManager, start_new_kernel
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel.extension import Extension
from jupyterlab_saturn.kernel.session import Session
from jupyterlab_saturn.kernel.session_registry import SessionRegistry
from waiting import SECONDS

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("torch", "zmq", "ipywidgets", "cloudpickle", "fastjsonschema", "comm", "numpy")


def test_loading_imports_nothing_heavy(home: Path) -> None:
    script = f"""
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
assert shell.run_cell("%load_ext jupyterlab_saturn").success
print([name for name in {HEAVY} if name in set(sys.modules) - before])
assert shell.run_cell("%saturn help").success
assert shell.run_cell("%unload_ext jupyterlab_saturn").success
assert "saturn" not in shell.magics_manager.magics["line"]
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=home,
        env={"PYTHONPATH": str(ROOT / "python-shim"), "HOME": str(home)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "[]"
    assert not (home / ".saturn").exists()


def test_unloading_leaves_no_magic_hook_or_thread(shell: Shell, engine: FakeEngine) -> None:
    before = threading.active_count()
    sessions = SessionRegistry()
    extension = Extension(shell, sessions)
    extension.load()
    sessions.current.attachment.close()
    extension.unload()
    assert "saturn" not in shell.magics_manager.magics["line"]
    assert "%saturn" not in shell.strdispatchers["complete_command"].strs
    assert threading.active_count() == before


def test_loaded_again_means_the_session_chosen_before(home: Path) -> None:
    sessions = SessionRegistry()
    sessions.choose(sessions.get("vision"))
    sessions.close()
    assert sessions.current.name == "vision"


def test_sessions_stay_where_they_were_when_the_notebook_goes_elsewhere(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SATURN_HOME", raising=False)
    sessions = SessionRegistry()
    first = sessions.current
    (home / "data").mkdir()
    monkeypatch.chdir(home / "data")
    assert sessions.get("default") is first
    assert sessions.get("vision").paths.folder == first.paths.folder.parent / "vision"


def test_a_home_set_late_counts(
    home: Path, monkeypatch: pytest.MonkeyPatch, launcher: FakeLauncher
) -> None:
    monkeypatch.delenv("SATURN_HOME", raising=False)
    sessions = SessionRegistry()
    followed: list[Session] = []
    sessions.follow(followed.append)
    monkeypatch.setenv("SATURN_HOME", str(home / "other"))
    assert sessions.current.paths.folder == home / "other" / "default"
    assert followed[-1] is sessions.current


def test_a_home_set_after_a_session_was_joined_is_told_of(
    session: Session, engine: FakeEngine, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = SessionRegistry()
    sessions.choose(session)
    monkeypatch.setenv("SATURN_HOME", str(home / "other"))
    with pytest.raises(SaturnError, match="SATURN_HOME is now") as caught:
        _ = sessions.current
    assert caught.value.code == "home-changed"
    sessions.choose(sessions.get("default"))  # as the hint says
    assert sessions.current.paths.folder == home / "other" / "default"


def test_a_session_renamed_with_its_folder_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, launcher: FakeLauncher
) -> None:
    monkeypatch.delenv("SATURN_HOME", raising=False)
    (tmp_path / "before").mkdir()
    monkeypatch.chdir(tmp_path / "before")
    sessions = SessionRegistry()
    session = Session(home=tmp_path / "before" / ".saturn", launcher=launcher)
    sessions.choose(session)
    assert sessions.get("vision").paths.folder.parent == session.paths.folder.parent
    connection = session.attachment.attach()
    connection.wait_for(lambda _: True, SECONDS)
    session.paths.journal.touch()
    (tmp_path / "before").rename(tmp_path / "after")
    connection.close()
    with pytest.raises(SaturnError, match=r"is now in .*/after/") as caught:
        session.attachment.attach()
    assert caught.value.code == "session-moved"
    assert sessions.get("default").paths.folder == tmp_path / "after" / ".saturn" / "default"


def test_loading_attaches_to_a_session_that_runs(
    session: Session, engine: FakeEngine, launcher: FakeLauncher
) -> None:
    """As after a kernel restart: the run goes on, and the new kernel finds it."""
    engine.change(goal="run")
    late = Session(launcher=launcher)
    sessions = SessionRegistry()
    sessions.choose(late)
    Shell.clear_instance()
    shell = Shell.instance()
    extension = Extension(shell, sessions)
    extension.load()
    try:
        late.attachment.attach().wait_for(lambda state: state["goal"] == "run", SECONDS)
        assert shell.cell("%saturn status") is None
        assert shell.texts() == ["the status"]
        assert launcher.starts == 1
    finally:
        extension.unload()
        Shell.clear_instance()


@pytest.fixture
def kernel(home: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "python-shim"))
    manager, client = start_new_kernel(cwd=str(home))
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, code: str, metadata: dict | None = None):  # type: ignore[no-untyped-def, type-arg]
    """Run a cell as a front end does; returns the reply and what came on the way."""
    content = {"code": code, "silent": False, "store_history": True, "stop_on_error": False}
    message = client.session.msg(
        "execute_request",
        {**content, "user_expressions": {}, "allow_stdin": False},
        metadata=metadata,
    )
    client.shell_channel.send(message)
    heard = []
    while True:
        heard.append(client.get_iopub_msg(timeout=60))
        last = heard[-1]
        if last["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        if last["msg_type"] == "status" and last["content"]["execution_state"] == "idle":
            break
    reply = client.get_shell_msg(timeout=60)
    while reply["parent_header"].get("msg_id") != message["header"]["msg_id"]:
        reply = client.get_shell_msg(timeout=60)
    return reply, heard


def test_a_real_kernel_opens_a_comm_and_answers_on_it(
    kernel: tuple[KernelManager, object],
) -> None:
    _, client = kernel
    _, heard = run(client, "%load_ext jupyterlab_saturn")
    (opened,) = [message for message in heard if message["msg_type"] == "comm_open"]
    assert opened["content"]["target_name"] == "jupyterlab_saturn"
    hello = {"v": 1, "id": "h", "type": "hello", "body": {"pid": 0, "version": "0.1.0"}}
    content = {"comm_id": opened["content"]["comm_id"], "data": hello}
    client.shell_channel.send(client.session.msg("comm_msg", content))  # type: ignore[attr-defined]
    while True:
        message = client.get_iopub_msg(timeout=60)  # type: ignore[attr-defined]
        if message["msg_type"] == "comm_msg":
            break
    assert message["content"]["data"]["re"] == "h"
    assert message["content"]["data"]["body"]["attached"] is False


def test_a_real_kernel_marks_failed_cells_and_knows_cell_ids(
    kernel: tuple[KernelManager, object],
) -> None:
    _, client = kernel
    run(client, "%load_ext jupyterlab_saturn")
    reply, heard = run(client, "%saturn plann")
    assert reply["content"]["status"] == "error"
    (error,) = [message for message in heard if message["msg_type"] == "error"]
    assert error["content"]["ename"] == "SaturnError"
    assert len(error["content"]["traceback"]) == 2
    reveal = (
        "from jupyterlab_saturn.kernel.task_magic import _cell_id; print(_cell_id(get_ipython()))"
    )
    _, heard = run(client, reveal, {"cellId": "cell-9"})
    (stream,) = [message for message in heard if message["msg_type"] == "stream"]
    assert stream["content"]["text"] == "cell-9\n"


def test_the_quickstart_is_a_valid_notebook_of_twelve_tasks() -> None:
    import nbformat
    from jupyterlab_saturn.kernel.line_splitting import split_words
    from jupyterlab_saturn.kernel.options import find_verb, parse
    from jupyterlab_saturn.kernel.sweep import parse_sweep

    path = ROOT / "examples" / "quickstart.ipynb"
    nbformat.validate(nbformat.read(path, as_version=4))
    notebook = json.loads(path.read_text("utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    sources = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert sources[0] == "%load_ext jupyterlab_saturn"
    (task,) = [source for source in sources if source.startswith("%%saturn task")]
    words = split_words(task.splitlines()[0])
    size = 1
    for values in parse_sweep(parse(find_verb("task"), words[2:]).options["sweep"]).values():
        size *= len(values)
    assert size == 12
    assert all(not cell.get("outputs") for cell in notebook["cells"])


def test_the_search_is_a_valid_notebook_that_gives_up_early() -> None:
    import nbformat
    from jupyterlab_saturn.kernel.line_splitting import split_words
    from jupyterlab_saturn.kernel.options import find_verb, parse
    from jupyterlab_saturn.kernel.search import metric_choice, stop_rule
    from jupyterlab_saturn.kernel.sweep import parse_sweep

    path = ROOT / "examples" / "sweep.ipynb"
    nbformat.validate(nbformat.read(path, as_version=4))
    notebook = json.loads(path.read_text("utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    (task,) = [source for source in sources if source.startswith("%%saturn task")]
    options = parse(find_verb("task"), split_words(task.splitlines()[0])[2:]).options
    assert list(parse_sweep(options["sweep"])) == ["lr", "rank", "alpha"]
    assert options["points"] == 54
    assert stop_rule(options["stop"]) == {"kind": "asha", "first": 3}
    assert metric_choice(options["by"]) == {"metric": "loss", "goal": "min"}
    for line in [line for line in "\n".join(sources).splitlines() if line.startswith("%saturn")]:
        words = split_words(line)
        parse(find_verb(words[1]), words[2:])
    assert all(not cell.get("outputs") for cell in notebook["cells"])
