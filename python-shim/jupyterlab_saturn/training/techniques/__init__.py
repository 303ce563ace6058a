"""The ways to run a task, by name."""

from __future__ import annotations

from .catalogue import TECHNIQUES, catalogue, find, installed_techniques, require_free
from .context import Context, Knobs
from .custom import make_technique
from .demand import DEMANDS, MOST_DEMANDS, Demand, demands_of, offered_choices, unmet_demand
from .restorable import State
from .runner import Runner
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
    "DEMANDS",
    "MOST_DEMANDS",
    "TECHNIQUES",
    "BaseTechnique",
    "BuiltInTechnique",
    "Choice",
    "Context",
    "Demand",
    "DeviceKind",
    "Knobs",
    "Runner",
    "State",
    "Technique",
    "Texture",
    "catalogue",
    "demands_of",
    "find",
    "installed_techniques",
    "make_technique",
    "offered_choices",
    "require_free",
    "unmet_demand",
    "why_not_data_parallel",
]
