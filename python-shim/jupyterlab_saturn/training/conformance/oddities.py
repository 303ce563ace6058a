"""All oddities that are tried, by name."""

from __future__ import annotations

from ...task import Task
from .odd_batches import ODD_BATCHES
from .odd_parameters import ODD_PARAMETERS
from .odd_state import ODD_STATE

ODDITIES = {oddity.name: oddity for oddity in (*ODD_PARAMETERS, *ODD_STATE, *ODD_BATCHES)}


def odd(oddity: str) -> Task:
    """The task of an oddity."""
    return ODDITIES[oddity].make()
