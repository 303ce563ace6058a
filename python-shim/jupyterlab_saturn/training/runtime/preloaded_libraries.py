"""Libraries that take seconds to load and that tasks of a session turned out to need."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable

_SLOW = (
    "datasets",
    "diffusers",
    "lightning.pytorch",
    "pandas",
    "peft",
    "pytorch_lightning",
    "scipy.stats",
    "sentence_transformers",
    "sklearn",
    "timm",
    "torchvision",
    "transformers",
    "transformers.trainer",
    "trl.trainer.sft_trainer",
)


_needed: set[str] = set()
_harmless: set[str] = set()


def slow_libraries() -> list[str]:
    """Those that this process has loaded."""
    return [name for name in _SLOW if name in sys.modules]


def note_needed(names: Iterable[str]) -> None:
    """Remember what processes forked from this one had to load."""
    _needed.update(names)


def needed_libraries() -> list[str]:
    """Those that this process has loaded, or knows others to have needed."""
    return [name for name in _SLOW if name in sys.modules or name in _needed]


def note_harmless(names: Iterable[str]) -> None:
    """Remember that a process forked from this one has loaded them, and could still be forked."""
    _harmless.update(names)


def harmless_libraries() -> list[str]:
    """Those of which that was seen."""
    return [name for name in _SLOW if name in _harmless]


def is_slow(module: str) -> bool:
    """Whether a module is one of them, or a part of one."""
    return any(module == name or module.startswith(f"{name}.") for name in _SLOW)


def may_name_slow(written: bytes) -> bool:
    """Whether some of their names are in what is written somewhere."""
    return any(name.encode() in written for name in _SLOW)


def load(names: Iterable[str]) -> None:
    """Load some of them, or parts of them. Raises whatever loading raises."""
    for name in names:
        if is_slow(name):
            importlib.import_module(name)
