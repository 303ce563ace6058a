"""Windows, which has GPUs, and on which this does not run."""

from __future__ import annotations

import sys

import jupyterlab_saturn
import pytest
from jupyterlab_saturn.errors import SaturnError


def test_windows_is_refused_before_anything_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    for start in (
        jupyterlab_saturn.session,
        lambda: jupyterlab_saturn.load_ipython_extension(None),
    ):
        with pytest.raises(SaturnError, match="not on Windows itself") as caught:
            start()
        assert caught.value.code == "unsupported-system"
        assert "WSL" in str(caught.value.hint)
