"""How far numbers may be from those of one device."""

from __future__ import annotations

from typing import Literal

Kind = Literal["cpu", "cuda"]

BOUNDS: dict[Kind, float] = {"cpu": 1e-5, "cuda": 1e-4}
"""Relatively: sums are taken in another order, and on a GPU in another one for each shape."""
