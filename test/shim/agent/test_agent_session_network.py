"""A network of the session's own, or in plain words why there is none: nothing waits for it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from jupyterlab_saturn.agent import session_network
from jupyterlab_saturn.agent.session_network import SessionNetwork
from jupyterlab_saturn.errors import SaturnError

_REAL = "import jupyterlab_saturn.training.runtime.network_namespace as it; it.main()"


def descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def refusal(monkeypatch: pytest.MonkeyPatch, *command: str, seconds: float = 60.0) -> str:
    """Why there is no network when this is run to make or enter it."""
    monkeypatch.delenv("SATURN_NETWORK", raising=False)
    monkeypatch.setattr(session_network, "_COMMAND", command)
    monkeypatch.setattr(session_network, "_SECONDS", seconds)
    before = descriptors()
    with pytest.raises(SaturnError) as refused:
        SessionNetwork.make()
    assert descriptors() == before
    assert refused.value.code == "no-network"
    return refused.value.message


def python(code: str) -> tuple[str, ...]:
    return sys.executable, "-c", code


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there are none")


@pytest.mark.parametrize("said", ["hello", "[]", '{"user": 1}', '"why"'])
def test_what_is_no_answer_is_told(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    message = refusal(monkeypatch, *python(f"print({said!r})"))
    assert f"Python began with {said!r}" in message


def test_one_that_breaks_or_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "it broke" in refusal(monkeypatch, *python("raise SystemExit(1)"))
    hangs = python("import time; time.sleep(600)")
    assert "too long" in refusal(monkeypatch, *hangs, seconds=0.2)
    assert "No such file" in refusal(monkeypatch, "/nowhere/python")


def test_one_that_cannot_be_entered_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each group whose ranks could not enter it would be lost."""
    answer = json.dumps({"why": "Not today"})
    code = f"import sys\nif sys.argv[1:]: print({answer!r})\nelse: {_REAL}"
    message = refusal(monkeypatch, *python(code))
    if message.startswith("The system allows no network namespace"):
        pytest.skip(message)
    assert message == "A network namespace cannot be entered: Not today."


def test_the_reason_is_the_system_s(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "jupyterlab_saturn.training.runtime.network_namespace"
    place = json.dumps({"network": "/nowhere"})
    run = f"runpy.run_module({module!r}, None, '__main__')"
    code = f"import runpy, sys; sys.argv[1:] = [{place!r}]; {run}"
    assert refusal(monkeypatch, *python(code)).endswith(": No such file or directory.")
