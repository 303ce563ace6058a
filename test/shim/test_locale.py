"""The texts in other languages, as JupyterLab's server finds them in the installed package."""

from __future__ import annotations

import tomllib
from pathlib import Path

import jupyterlab_saturn
import pytest
from jupyterlab_server.translation_utils import get_language_pack

PROJECT = Path(jupyterlab_saturn.__file__).parents[1] / "pyproject.toml"
GROUP = "jupyterlab.locale"


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an installer makes of the entry points, also where the package was installed earlier."""
    names = tomllib.loads(PROJECT.read_text())["project"]["entry-points"][GROUP]
    folder = tmp_path / "jupyterlab_saturn_locale-0.dist-info"
    folder.mkdir()
    ours = [f"{name} = {target}" for name, target in names.items()]
    # JupyterLab heeds extensions in a language only if it has a pack of its own in it.
    packs = ["[jupyterlab.languagepack]", "de_DE = german_pack", "fr_FR = french_pack"]
    (folder / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *ours, *packs]))
    for pack in ("german_pack", "french_pack"):
        (tmp_path / pack).mkdir()
        (tmp_path / pack / "__init__.py").touch()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: jupyterlab_saturn_locale\n")
    monkeypatch.syspath_prepend(str(tmp_path))


def test_the_server_hands_out_german() -> None:
    packs, message = get_language_pack("de_DE")
    assert message == ""
    texts = packs["jupyterlab_saturn"]
    assert texts[""]["language"] == "de-DE"
    assert texts["No plan yet."] == ["Noch kein Plan."]
    assert texts["%2 task"] == ["%2 Aufgabe", "%2 Aufgaben"]


def test_there_is_nothing_in_languages_that_nobody_has_brought() -> None:
    packs, _ = get_language_pack("fr_FR")
    assert "jupyterlab_saturn" not in packs
