"""Steps of a convolution with ever more memory until it is enough: what failures are told as."""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

import torch
from jupyterlab_saturn.training.runtime.failure import describe
from torch import nn

KIBIBYTE = 1 << 10
STEP = 200 * KIBIBYTE


def data_bytes() -> int:
    [line] = [
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmData:")
    ]
    return int(line.split()[1]) * KIBIBYTE


def train() -> None:
    model = nn.Conv2d(16, 16, 3, padding=1)
    for _ in range(2):
        model(torch.randn(8, 16, 32, 32)).sum().backward()


def failure_with(room: int) -> dict[str, str]:
    """What a process says of its step, by what it is told as; nothing when it has room."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        limit = data_bytes() + room
        resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.RLIM_INFINITY))
        said = {}
        try:
            train()
        except RuntimeError as error:
            said = {str(error): describe(error, "training-failed")["code"]}
        resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        os.write(theirs, json.dumps(said).encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as told:
        text = told.read()
    _, status = os.waitpid(child, 0)
    # oneDNN itself may not survive it: then the process says nothing.
    return json.loads(text) if status == 0 else {f"ended with {status}": "out-of-memory"}


def main() -> None:
    torch.set_num_threads(1)
    found: dict[str, str] = {}
    room = 0
    while said := failure_with(room):
        found |= said
        room += STEP
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
