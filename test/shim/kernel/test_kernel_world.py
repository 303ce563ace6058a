"""What is captured of the notebook: folder, variables, modules; and what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from fakes.shell import Shell
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel.capture import Captured, capture
from jupyterlab_saturn.kernel.environment import is_secret, notebook_environment
from jupyterlab_saturn.kernel.world import World, notebook_world
from jupyterlab_saturn.paths import SessionPaths


def world(home: Path, *texts: str) -> World:
    return notebook_world(SessionPaths("s", home / "saturn"), {}, texts)


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("HF_TOKEN", "x", True),
        ("WANDB_API_KEY", "x", True),
        ("DATABASE", "postgres://me:pw@host/db", True),
        ("SETTING", "ghp_abc", True),
        ("SETTING", "a8f5f167f44f4964e6c998dee827110c", True),
        ("PGPASSWORD", "x", True),
        ("HF_HOME", "/data/hugging face/cache", False),
        ("TOKENIZERS_PARALLELISM", "false", False),
        ("CUDA_VISIBLE_DEVICES", "0,1", False),
        ("PYTHONPATH", "/home/me/src:/opt/lib", False),
        ("EPOCHS", "20", False),
    ],
)
def test_secrets_are_told_from_settings(name: str, value: str, secret: bool) -> None:
    assert is_secret(name, value) is secret
    found = notebook_environment({name: value})
    assert (name in found.secrets) is secret
    assert (name in found.variables) is not secret
    assert name in found.changed


def test_a_world_that_moves_with_its_session_stays_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = set()
    for name in ("before", "after"):
        (tmp_path / name / "src").mkdir(parents=True)
        monkeypatch.chdir(tmp_path / name)
        monkeypatch.setattr(sys, "path", [str(tmp_path / name / "src"), "", "/elsewhere"])
        found = world(tmp_path / name)
        told = json.loads(found.content)
        assert told["folder"] == "../.."
        assert told["path"] == ["src", "", "/elsewhere"]
        digests.add((found.file, found.digest))
    assert len(digests) == 1
    assert world(tmp_path / "before").digest not in {digest for _, digest in digests}


def test_variables_count_where_the_notebook_sets_or_names_them(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = world(home)
    monkeypatch.setenv("SHELL_THEME_OF_MINE", "dark")
    changed = world(home)
    assert changed.digest != base.digest
    assert "SHELL_THEME_OF_MINE" in json.loads(changed.content)["variables"]
    assert world(home, "HOME").digest != changed.digest
    monkeypatch.setenv("MY_TOKEN", "one")
    first = world(home)
    monkeypatch.setenv("MY_TOKEN", "two")
    assert (world(home).digest, world(home).file) == (first.digest, first.file)
    assert json.loads(first.content)["secrets"]["MY_TOKEN"] is True
    assert first.secrets["MY_TOKEN"] == "one"


def test_a_seed_of_the_notebook_is_noticed(home: Path) -> None:
    import torch

    torch.seed()
    assert "seed" not in json.loads(world(home).content)
    torch.manual_seed(42)
    seeded = world(home)
    assert json.loads(seeded.content)["seed"] == 42
    torch.manual_seed(43)
    assert world(home).digest == seeded.digest


def captured(shell: Shell, source: str) -> Captured:
    assert shell.cell(source) is None
    return capture(shell.user_ns["f"])


def package(home: Path, text: str) -> None:
    (home / "lib" / "mine").mkdir(parents=True, exist_ok=True)
    (home / "lib" / "mine" / "__init__.py").write_text("from .inner import value\n")
    (home / "lib" / "mine" / "inner.py").write_text(
        "import importlib\ndeep = importlib.import_module('.deep', __package__)\nvalue = 1\n"
    )
    (home / "lib" / "mine" / "deep.py").write_text(text)
    (home / "lib" / "mine" / "unused.py").write_text("x = 1\n")


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    import mine",
        "def f():\n    from mine import inner",
        "def f():\n    def g():\n        import mine.inner as m\n    return g",
        "from mine import inner\ndef f():\n    return inner.value",
        "import mine\ndef f():\n    return mine.value",
        "def f():\n    import importlib\n    return importlib.import_module('mine')",
        "def f():\n    return __import__('mine.inner')",
        "from mine.deep import Thing\nthing = Thing()\ndef f():\n    return thing",
    ],
)
def test_code_imported_by_name_counts_by_its_files(
    shell: Shell, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    (home / "notebook").mkdir()
    monkeypatch.chdir(home / "notebook")
    monkeypatch.syspath_prepend(str(home / "lib"))
    package(home, "class Thing: pass\n")
    first = captured(shell, source)
    assert {path.name for path in first.sources} == {"__init__.py", "inner.py", "deep.py"}
    (home / "lib" / "mine" / "unused.py").write_text("x = 2\n")
    assert captured(shell, source).fingerprint == first.fingerprint
    package(home, "class Thing: size = 2\n")
    assert captured(shell, source).fingerprint != first.fingerprint
    for name in [name for name in sys.modules if name.partition(".")[0] == "mine"]:
        del sys.modules[name]


def test_installed_packages_count_by_their_version(
    shell: Shell, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = home / "site-packages"
    (site / "soft").mkdir(parents=True)
    (site / "soft" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(site))
    prints = set()
    for version in ("1.0", "1.0", "2.0"):
        for old in site.glob("soft-*"):
            (old / "METADATA").unlink()
            old.rmdir()
        info = site / f"soft-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: soft\nVersion: {version}\n")
        found = captured(shell, "def f():\n    import soft.inner")
        assert not found.sources
        prints.add(found.fingerprint)
    assert len(prints) == 2


@pytest.mark.parametrize(
    "patch",
    [
        "import torch\ndef mine(*args): ...\ntorch.nn.functional.relu = mine",
        "import torch\ndef mine(self): ...\ntorch.nn.Linear.forward = mine",
        "import torch, functools\n@functools.wraps(torch.relu)\ndef mine(*args): ...\n"
        "torch.nn.functional.relu = mine",
        "import torch\nclass Mine(torch.nn.Linear): ...\ntorch.nn.Linear = Mine",
    ],
)
def test_patched_libraries_are_refused(
    shell: Shell, patch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.nn.functional, "relu", torch.nn.functional.relu)
    monkeypatch.setattr(torch.nn.Linear, "forward", torch.nn.Linear.forward)
    monkeypatch.setattr(torch.nn, "Linear", torch.nn.Linear)
    with pytest.raises(SaturnError, match=r"torch\.nn") as caught:
        captured(shell, f"{patch}\ndef f():\n    return torch")
    assert caught.value.code == "patched-library"
    captured(shell, "def f():\n    return 1")  # takes nothing that was changed
