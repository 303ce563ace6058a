"""What a Jupyter server does for sessions: lists them, and lets pages talk to their engines."""

from __future__ import annotations

from .extension import load as _load_jupyter_server_extension

__all__ = ["_load_jupyter_server_extension"]
