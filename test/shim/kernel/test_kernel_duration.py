"""Durations in the kernel's own sentences are worded as the engine's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jupyterlab_saturn.kernel.duration import duration

_CASES = Path(__file__).parents[2] / "unit" / "view" / "format" / "format.test.ts"
_CASE = re.compile(r"^    \[([\d._]+), '([^']+)'\],?$", re.MULTILINE)


def _cases() -> list[tuple[float, str]]:
    """What the engine's own test expects, but for lengths that the kernel never tells."""
    block = _CASES.read_text().split("describe('duration'")[1].split("describe(")[0]
    found = [(float(seconds.replace("_", "")), text) for seconds, text in _CASE.findall(block)]
    return [(seconds, text) for seconds, text in found if not text.startswith("under")]


@pytest.mark.parametrize(("seconds", "text"), _cases())
def test_as_the_engine_words_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_there_are_cases() -> None:
    assert len(_cases()) > 8
