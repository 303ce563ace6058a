"""From what people have already to a Task.

A library is imported here only once an object of it has come: it is loaded then anyway.
"""

from __future__ import annotations

from .adapter import Adapter, NeedsNative, is_a
from .adapter_registry import adapt

__all__ = ["Adapter", "NeedsNative", "adapt", "is_a"]
