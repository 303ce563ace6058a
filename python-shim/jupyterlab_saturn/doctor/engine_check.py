"""Whether there is a Node.js, and an engine of this package's build that it runs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from .. import __version__, wire
from ..agent.engine_process import engine_bundle
from ..errors import Json, SaturnError
from ..nodejs import find_node
from .finding import Finding

_SECONDS = 20.0
_BESIDE = ("planner.mjs", "highs.wasm", "node_modules/zeromq/package.json")
_AGAIN = "Install jupyterlab_saturn again; in a clone of its sources: npm run build"


def check_node() -> Finding:
    """Which Node.js runs the engine."""
    node = find_node()
    version = _output([str(node), "--version"]).strip().removeprefix("v")
    return Finding(
        "Node.js",
        "ok",
        f"Node.js {version}, {node}.",
        facts={"version": version, "path": str(node)},
    )


def check_engine() -> Finding:
    """Whether the engine loads, and understands the messages of this package.

    Raises
    ------
    SaturnError
        ``no-node`` or ``no-engine``.
    """
    bundle = engine_bundle()
    lacking = [name for name in _BESIDE if not (bundle.parent / name).is_file()]
    if lacking:
        return Finding(
            "engine", "broken", f"Beside {bundle} there is no {' and no '.join(lacking)}.", _AGAIN
        )
    libraries = _libraries(bundle)
    facts: Json = {"path": str(bundle), "libraries": libraries}
    try:
        about = json.loads(_output([str(find_node()), str(bundle), "--about"]))
        version, schema = about["version"], about["schema"]
    except SaturnError as error:
        if "Unknown option" in error.message:  # one from before it could be asked
            return _old(f"The engine {bundle} is older than this package, {__version__}.", facts)
        raise
    except (ValueError, KeyError, TypeError):
        return _old(f"The engine {bundle} does not say its version.", facts)
    facts["version"] = version
    if version != __version__:
        return _old(f"The engine is of version {version}, this package of {__version__}.", facts)
    if schema != wire.schema():
        return _old(
            f"The engine is of another build of version {version}: its messages differ from this "
            "package's.",
            facts,
        )
    told = ", ".join(f"{name} {its}" for name, its in libraries.items())
    return Finding("engine", "ok", f"Engine {version} loads ({told}).", facts=facts)


def _old(seen: str, facts: Json) -> Finding:
    return Finding("engine", "broken", seen, _AGAIN, facts)


def _libraries(bundle: Path) -> dict[str, str]:
    try:
        versions: dict[str, str] = json.loads((bundle.parent / "libraries.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return versions


def _output(command: list[str]) -> str:
    """What a command writes. Raises SaturnError ``does-not-run`` with the last it says."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SaturnError("does-not-run", f"{command[0]} does not run: {error}.") from error
    if done.returncode != 0:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reason = next((line for line in said if "Error" in line or "option" in line), None)
        reason = reason or (said[-1] if said else f"it ended with code {done.returncode}")
        raise SaturnError(
            "does-not-run", f"The engine {command[1]} does not load: {reason.rstrip('.')}.", _AGAIN
        )
    return done.stdout
