"""Whether all combinations are tried, not only those that prove each thing once."""

from __future__ import annotations

import os

import pytest

NIGHTLY = os.environ.get("SATURN_NIGHTLY") == "1"
"""Set by ``npm test -- --nightly``."""

nightly = pytest.mark.nightly
"""Marks tests, and parameters of tests, that are left out by day."""
