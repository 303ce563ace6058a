"""Settings of PyTorch that hold for a whole process, read and set without importing it.

The kernel reads what a notebook has changed, ranks set it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .generated.wire_types import TorchDefaults


def changed_settings(torch: Any) -> TorchDefaults:
    """What was changed in this process, of that which decides what is computed or how fast.

    Parameters
    ----------
    torch
        The module.
    """
    changed: TorchDefaults = {}
    if torch.get_default_dtype() is not torch.float32:
        changed["dtype"] = str(torch.get_default_dtype()).removeprefix("torch.")
    if torch.are_deterministic_algorithms_enabled():
        changed["deterministic"] = True
    if torch.backends.cudnn.benchmark:
        changed["cudnnBenchmark"] = True
    if _matmul_precision(torch) != "highest":
        changed["matmulPrecision"] = _matmul_precision(torch)
    if not _rounds_convolutions(torch):
        changed["cudnnTf32"] = False
    return changed


def set_settings(torch: Any, settings: TorchDefaults) -> None:
    """Set what another process had changed.

    Parameters
    ----------
    torch
        The module.
    """
    if "dtype" in settings:
        torch.set_default_dtype(getattr(torch, settings["dtype"]))
    if "deterministic" in settings:
        torch.use_deterministic_algorithms(settings["deterministic"])
    if "cudnnBenchmark" in settings:
        torch.backends.cudnn.benchmark = settings["cudnnBenchmark"]
    if "matmulPrecision" in settings:
        torch.set_float32_matmul_precision(settings["matmulPrecision"])
    if "cudnnTf32" in settings:
        torch.backends.cudnn.allow_tf32 = settings["cudnnTf32"]


@contextmanager
def kept_settings(torch: Any) -> Iterator[None]:
    """Leave the settings as they are, whatever is set meanwhile.

    Parameters
    ----------
    torch
        The module.
    """
    before = changed_settings(torch)
    try:
        yield
    finally:
        if changed_settings(torch) != before:
            set_settings(torch, _UNCHANGED)
            _forget_operators(torch)
            set_settings(torch, before)


_UNCHANGED: TorchDefaults = {
    "dtype": "float32",
    "deterministic": False,
    "cudnnBenchmark": False,
    "matmulPrecision": "highest",
    "cudnnTf32": True,
}


def _forget_operators(torch: Any) -> None:
    """Of what was set by the newer interface nothing is left, so that it can be set for all."""
    backends = torch.backends
    if hasattr(backends, "fp32_precision"):
        for part in (backends, backends.cuda.matmul, backends.mkldnn, backends.mkldnn.matmul):
            part.fp32_precision = "none"


def allow_tf32(torch: Any, allowed: bool) -> None:
    """Let GPUs round float32 to TF32 in products and convolutions, or not.

    Parameters
    ----------
    torch
        The module.
    """
    # By the older of two interfaces, which all versions have and the compiler reads.
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed


def _matmul_precision(torch: Any) -> Any:
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:  # what was set by the newer interface it does not tell
        rounds = torch.backends.cuda.matmul.fp32_precision == "tf32"
        return "high" if rounds else "highest"


def _rounds_convolutions(torch: Any) -> bool:
    try:
        return bool(torch.backends.cudnn.allow_tf32)
    except RuntimeError:
        cudnn = torch.backends.cudnn
        return all(part.fp32_precision == "tf32" for part in (cudnn.conv, cudnn.rnn))
