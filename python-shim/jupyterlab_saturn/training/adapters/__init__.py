"""From what people have already to a Task.

A library is imported here only once an object of it has come: it is loaded then anyway.
"""

from __future__ import annotations

from .adapter import Adapter, is_a
from .adapter_registry import adapt

__all__ = ["Adapter", "adapt", "is_a"]
