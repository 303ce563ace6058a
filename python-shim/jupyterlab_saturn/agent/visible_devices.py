"""Which GPUs ``CUDA_VISIBLE_DEVICES`` leaves, in its order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, TypeVar

_NONE = frozenset({"", "-1", "NoDevFiles"})
"""How users and batch systems hide all."""


class Addressed(Protocol):
    """What an entry may name: a GPU, or a slice of one.

    Attributes
    ----------
    index
        Of the GPU, in the order of the bus.
    gpu_uuid
        Of the GPU.
    uuid
        Of the slice, or of the GPU again.
    old_name
        Of a slice before driver 470: ``MIG-GPU-<UUID>/<instance>/<compute instance>``.
    """

    @property
    def index(self) -> int: ...
    @property
    def gpu_uuid(self) -> str: ...
    @property
    def uuid(self) -> str: ...
    @property
    def old_name(self) -> str: ...


A = TypeVar("A", bound=Addressed)


def hides_all(variable: str | None) -> bool:
    """Whether it is meant to leave nothing."""
    return variable is not None and variable.split(",")[0].strip() in _NONE


def names_by_index(variable: str | None) -> bool:
    """Whether it names GPUs by numbers, which depend on how they are ordered."""
    return variable is not None and re.match(r"\s*\+?\d", variable) is not None


def visible(all_: Sequence[A], variable: str | None) -> list[A]:
    """What the variable leaves; all when it is not set.

    Follows the CUDA programming guide (CUDA_VISIBLE_DEVICES) and
    ``torch.cuda._parse_visible_devices``: entries are indices, of which what follows the digits
    is ignored, or beginnings of UUIDs that no two begin with. The first that names nothing hides
    itself and all after it; with one that is named twice, nothing is left. A divided GPU stands
    for its slices.
    """
    if variable is None:
        return list(all_)
    chosen: list[A] = []
    for entry in variable.split(","):
        named = _named(all_, entry.strip())
        if not named:
            break
        if any(one in chosen for one in named):
            return []
        chosen += named
    return chosen


def _named(all_: Sequence[A], entry: str) -> list[A]:
    if number := re.match(r"\+?(\d+)", entry):
        return [one for one in all_ if one.index == int(number[1])]
    if entry.startswith("MIG-GPU-"):
        return [one for one in all_ if entry in (one.old_name, one.uuid)]
    if entry.startswith("MIG-"):
        found = [one for one in all_ if one.uuid.startswith(entry)]
        return found if len(found) == 1 else []
    if entry.startswith("GPU-"):
        found = [one for one in all_ if one.gpu_uuid.startswith(entry)]
        return found if len({one.gpu_uuid for one in found}) == 1 else []
    return []
