"""Another program on a device: holds a share of its memory until its input ends.

``python -m jupyterlab_saturn.training.runtime.ballast DEVICE SHARE``
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import torch

from . import parent_death
from .device import claim

if TYPE_CHECKING:
    from ...generated.wire_types import Device


def main(device: str, share: str) -> int:
    """Take the memory, say so, and wait."""
    parent_death.bind()
    wanted: Device = json.loads(device)
    place = claim([wanted], 0).torch_device
    held = torch.zeros(int(float(share) * wanted["memoryBytes"]), dtype=torch.uint8, device=place)
    sys.stdout.write(f"{held.numel()}\n")
    sys.stdout.flush()
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
