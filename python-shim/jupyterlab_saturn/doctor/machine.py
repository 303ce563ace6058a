"""What several checks look at: the machine's devices, and what PyTorch says of them."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from ..agent.device_discovery import discover
from ..errors import SaturnError
from ..paths import SessionPaths

if TYPE_CHECKING:
    from ..generated.wire_types import Node
    from ..training.runtime.torch_probe import TorchAnswer

_PROBE = "jupyterlab_saturn.training.runtime.torch_probe"
_SECONDS = 90.0


class Machine:
    """Devices and PyTorch of this machine, each asked once. Close it."""

    def __init__(self) -> None:
        self.home = SessionPaths().folder.parent
        self._probe: subprocess.Popen[str] | None = None

    def close(self) -> None:
        """End what may still be asking."""
        if self._probe is not None:
            self._probe.kill()
            self._probe.communicate()

    @functools.cached_property
    def node(self) -> Node:
        """The devices that sessions take by themselves. Raises like `discover`."""
        return discover({"kind": "auto"})

    @property
    def gpus(self) -> int:
        """How many GPUs can be trained on."""
        return sum(device["kind"] == "cuda" for device in self.node["devices"])

    @property
    def visible(self) -> int:
        """How many GPUs one process sees: of the parts of divided GPUs, one."""
        parts = any(device.get("partition", False) for device in self.node["devices"])
        return 1 if parts else self.gpus

    def begin_probe(self) -> None:
        """Start to ask PyTorch: loading it takes seconds, in which others can be looked at."""
        variables = dict(os.environ)
        uuids = [device["uuid"] for device in self.node["devices"] if "uuid" in device]
        if uuids:  # as ranks see them
            variables["CUDA_VISIBLE_DEVICES"] = ",".join(uuids[: self.visible])
        self._probe = subprocess.Popen(
            [sys.executable, "-P", "-m", _PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=variables,
        )

    @functools.cached_property
    def torch(self) -> TorchAnswer:
        """What PyTorch says.

        Raises
        ------
        SaturnError
            ``no-torch`` with the last line it says instead.
        """
        if self._probe is None:
            self.begin_probe()
        assert self._probe is not None
        try:
            told, complaint = self._probe.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            raise SaturnError(
                "no-torch",
                f"PyTorch did not answer within {_SECONDS:g} s.",
                "A GPU that hangs does this: see whether nvidia-smi answers.",
            ) from None
        finally:
            self._probe.kill()
            self._probe.communicate()
            self._probe = None
        try:
            answer: TorchAnswer = json.loads(told)
        except ValueError:
            last = (complaint.strip().splitlines() or ["it says nothing"])[-1]
            error = SaturnError(
                "no-torch",
                f"PyTorch cannot be loaded: {last.rstrip('.')}.",
                f"Install it again: {sys.executable} -m pip install --force-reinstall torch",
            )
            error.traceback = complaint[-4000:]
            raise error from None
        return answer
