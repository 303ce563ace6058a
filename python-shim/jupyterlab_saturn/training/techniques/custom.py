"""Techniques of the user's own, by import path or from the source of a notebook cell."""

from __future__ import annotations

import importlib
import types
from typing import cast

from ...errors import Json, SaturnError
from ...paths import SessionPaths
from .technique import Technique


def load_technique(spec: Json, paths: SessionPaths) -> Technique:
    """The technique of a wire ``TechniqueSpec``.

    Raises
    ------
    SaturnError
        ``bad-technique`` when its class cannot be imported or made.
    """
    module, _, name = spec["target"].partition(":")
    try:
        if "source" in spec:
            space = types.ModuleType(module)
            exec(compile(spec["source"], f"<technique {spec['name']}>", "exec"), vars(space))
            made = getattr(space, name)()
        else:
            made = getattr(importlib.import_module(module), name)()
    except Exception as error:
        raise SaturnError(
            "bad-technique",
            f"The technique {spec['name']!r} cannot be made: {type(error).__name__}: {error}",
            f"It is to be a class that {spec['target']} names and that needs no arguments.",
        ) from error
    return cast(Technique, made)
