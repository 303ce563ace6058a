"""Packs the built engine and JupyterLab extension into the wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "jupyterlab_saturn"
SHARE = "share/jupyter/labextensions/jupyterlab-saturn"
SERVER_CONFIG = "etc/jupyter/jupyter_server_config.d/jupyterlab_saturn.json"
BUILT = (
    f"{PACKAGE}/engine/engine.mjs",
    f"{PACKAGE}/engine/planner.mjs",
    f"{PACKAGE}/generated/schema.json",
    f"{PACKAGE}/generated/wire_types.py",
    f"{PACKAGE}/labextension/package.json",
)


class BuiltParts(BuildHookInterface[Any]):
    """Refuses to build a wheel without its built parts.

    An editable install has none of this: it uses the working tree, where the parts may be built
    later, and the set-up links extension and server's configuration into the environment.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        missing = [path for path in BUILT if not (Path(self.root) / path).is_file()]
        if missing:
            raise FileNotFoundError(
                f"Not built yet: {', '.join(missing)}. Run `npm run wheel` in the repository."
            )
        build_data["shared_data"] = {
            f"{PACKAGE}/labextension": SHARE,
            "install.json": f"{SHARE}/install.json",
            "jupyter_server_config.json": SERVER_CONFIG,
        }
