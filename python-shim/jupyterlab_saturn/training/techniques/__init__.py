"""The ways to run a task, by name."""

from __future__ import annotations

from .catalogue import TECHNIQUES, catalogue, find, installed_techniques, require_free
from .context import Context, Knobs
from .custom import make_technique
from .runner import Runner, State
from .technique import (
    BaseTechnique,
    BuiltInTechnique,
    Choice,
    DeviceKind,
    Technique,
    Texture,
    why_not_data_parallel,
)

__all__ = [
    "TECHNIQUES",
    "BaseTechnique",
    "BuiltInTechnique",
    "Choice",
    "Context",
    "DeviceKind",
    "Knobs",
    "Runner",
    "State",
    "Technique",
    "Texture",
    "catalogue",
    "find",
    "installed_techniques",
    "make_technique",
    "require_free",
    "why_not_data_parallel",
]
