"""No library of the user's is loaded but by her own tasks, and then once for all ranks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ranks import Session
from real_zygote import ZygoteClient
from training_tasks import mlp


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def test_a_plain_task_loads_no_library_of_others() -> None:
    code = (
        "import sys, training_tasks\n"
        "from jupyterlab_saturn.training.adapters import adapt\n"
        "adapt(training_tasks.mlp())\n"
        "adapt((1, 2, 3))\n"
        "print({'transformers', 'pytorch_lightning', 'pandas'} & sys.modules.keys())\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout == "set()\n"


def test_what_a_task_had_to_load_is_there_for_later_ranks(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "timm.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))

    def needs_timm(there: bool) -> Any:
        import importlib
        import sys

        name = "mmit"[::-1]  # one that is named is there for the first inspection already
        if there != (name in sys.modules):
            raise RuntimeError("not as expected")
        importlib.import_module(name)
        return mlp()

    zygote = ZygoteClient()

    def inspect(there: bool) -> dict[str, Any]:
        spec = session.spec(needs_timm, there=there)
        request = {"kind": "inspect", "tasks": [spec], "maxDevices": 1}
        group = session.start(request, zygote)
        assert group.wait() == [0]
        result: dict[str, Any] = group.of("inspected")[0]["result"]
        return result

    try:
        assert "error" not in inspect(there=False)
        for _ in range(100):  # it loads beside the ranks it forks meanwhile
            if "error" not in inspect(there=True):
                return
        raise AssertionError("it was never loaded")
    finally:
        zygote.close()
