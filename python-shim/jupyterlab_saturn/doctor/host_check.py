"""What the operating system, or the container, gives to training processes."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .. import __file__ as package_file
from ..agent.session_network import SessionNetwork
from ..errors import SaturnError
from .finding import Finding
from .quantities import size

_MIB = 1 << 20
SHARED_MEMORY = Path("/dev/shm")
_SHARED_LEAST = 512 * _MIB
_FILES_LEAST = 1024
_CLOCK_SECONDS = 2.0
_NAMESPACE_SECONDS = 10.0
# unshare(2) of CLONE_NEWUSER, in a process of its own: `os.unshare` came with Python 3.12. Where
# AppArmor restricts them, as on Ubuntu, one can be made, but no user be mapped within.
_UNSHARE = """
import ctypes, os
user, c = os.getuid(), ctypes.CDLL(None, use_errno=True)
if c.unshare(0x10000000):
    print(os.strerror(ctypes.get_errno()))
    raise SystemExit(1)
try:
    with open("/proc/self/uid_map", "w") as file:
        file.write(f"0 {user} 1")
except OSError as error:
    print(f"no user can be mapped: {error.strerror}")
    raise SystemExit(1)
"""


def check_shared_memory(gpus: int) -> Finding:
    """Whether processes can hand each other batches and gradients by shared memory.

    Parameters
    ----------
    gpus
        How many there are: NCCL does not begin where it finds too little.
    """
    if not SHARED_MEMORY.is_dir():
        if sys.platform == "linux":
            return Finding(
                "shared memory", "broken", f"There is no {SHARED_MEMORY}.", "Mount a tmpfs there."
            )
        return Finding("shared memory", "ok", "This system needs no folder for it.")
    disk = shutil.disk_usage(SHARED_MEMORY)
    seen = f"{SHARED_MEMORY} has {size(disk.total)}, {size(disk.free)} of it free"
    facts = {"totalBytes": disk.total, "freeBytes": disk.free}
    if min(disk.total, disk.free) >= _SHARED_LEAST:
        return Finding("shared memory", "ok", f"{seen}.", facts=facts)
    users = "Processes that load data" + (", and NCCL between GPUs," if gpus > 1 else "")
    return Finding(
        "shared memory",
        "broken" if gpus > 1 else "warning",
        f"{seen}. {users} fail when it is full.",
        "Start the container with --shm-size=8g or --ipc=host (Kubernetes: an emptyDir of medium "
        f"Memory at {SHARED_MEMORY}), or free what is in it.",
        facts,
    )


def check_limits(gpus: int) -> Finding:
    """How many files and how much memory the system lets a process have."""
    known = {
        "open files": resource.RLIMIT_NOFILE,
        "processes": resource.RLIMIT_NPROC,
        "locked memory": resource.RLIMIT_MEMLOCK,
        "address space": resource.RLIMIT_AS,
        "data": resource.RLIMIT_DATA,
    }
    soft = {name: resource.getrlimit(number)[0] for name, number in known.items()}
    told = {
        name: None if value == resource.RLIM_INFINITY else value for name, value in soft.items()
    }
    files, locked = told["open files"], told["locked memory"]
    seen = (
        f"{'Any number of' if files is None else files} open files (ulimit -n), "
        f"{'unlimited' if locked is None else size(locked)} locked memory (ulimit -l)"
    )
    facts = {"soft": told}
    if files is not None and files < _FILES_LEAST:
        return Finding(
            "limits",
            "warning",
            f"{seen}. Ranks and processes that load data share tensors by open files.",
            f"Raise it where Jupyter is started: ulimit -n {max(4 * _FILES_LEAST, files)}",
            facts,
        )
    if told["address space"] is not None and gpus:
        return Finding(
            "limits",
            "broken",
            f"A process may have {size(told['address space'])} of address space (ulimit -v). "
            "CUDA reserves more than a machine has.",
            "Lift it where Jupyter is started: ulimit -v unlimited",
            facts,
        )
    if told["data"] is not None:
        return Finding(
            "limits",
            "warning",
            f"A process may have {size(told['data'])} of data (ulimit -d), whatever its device "
            "has.",
            "Lift it where Jupyter is started: ulimit -d unlimited",
            facts,
        )
    return Finding("limits", "ok", f"{seen}.", facts=facts)


def check_clock(folder: Path) -> Finding:
    """Whether the clock goes, agrees with that of the files, and knows about what day it is.

    Parameters
    ----------
    folder
        Where files are made, whose clock may be a server's.
    """
    begun, since = time.time(), time.monotonic()
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        file.write(b"now")
        file.flush()
        apart = os.fstat(file.fileno()).st_mtime - time.time()
    time.sleep(0.05)
    drift = (time.time() - begun) - (time.monotonic() - since)
    installed = Path(package_file).stat().st_mtime
    facts = {"filesAheadSeconds": round(apart, 3), "driftSeconds": round(drift, 3)}
    if begun < installed - 60:
        return Finding(
            "clock",
            "broken",
            f"It is {_date(begun)} by the clock, before this package was installed, "
            f"{_date(installed)}.",
            "Set the clock: checkpoints and measurements are told apart by time.",
            facts,
        )
    if abs(apart) > _CLOCK_SECONDS or abs(drift) > 1.0:
        return Finding(
            "clock",
            "warning",
            f"The clock of new files is {apart:+.1f} s off this machine's"
            + (f", which jumped by {drift:+.1f} s just now." if abs(drift) > 1.0 else "."),
            "Have the machine, and its file server, keep time by NTP.",
            facts,
        )
    return Finding("clock", "ok", f"It is {_date(begun)}; new files agree to {abs(apart):.2f} s.")


def check_network() -> Finding:
    """Whether ranks can meet where other users of the machine cannot come."""
    try:
        network = SessionNetwork.make()
    except SaturnError as error:
        return Finding(
            "network",
            "warning",
            f"{error.message} Ranks meet on the machine's loopback interface. Other users cannot "
            "take part in a training, but they can hinder it.",
            "Nothing, where nobody else has an account. Else allow network namespaces (see user "
            "namespaces), or train in a container of your own.",
            {"reason": error.message},
        )
    network.close()
    within = "a user namespace" if "user" in network.place else "none but root's"
    facts = {"place": sorted(network.place)}
    return Finding(
        "network",
        "ok",
        f"Ranks on CPUs meet in a network of their own (within {within}), which other users "
        "cannot enter. Those on GPUs meet on the loopback interface, where strangers are refused.",
        facts=facts,
    )


def check_user_namespaces() -> Finding:
    """Whether the user may make namespaces, which ranks meet in, and tools around them need."""
    if sys.platform != "linux":
        return Finding("user namespaces", "ok", "This system has none, and none are needed.")
    done = subprocess.run(
        [sys.executable, "-I", "-c", _UNSHARE],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_NAMESPACE_SECONDS,
    )
    if done.returncode == 0:
        return Finding("user namespaces", "ok", "They can be made.")
    reason = done.stdout.strip() or f"code {done.returncode}"
    if reason == os.strerror(errno.ENOSPC):  # what unshare(2) calls it
        reason = "there may be no more of them, by user.max_user_namespaces"
    return Finding(
        "user namespaces",
        "warning",
        f"They cannot be made here ({reason}). Training does without them; containers without "
        "root (Apptainer, Podman) and the sandbox of browsers that tests drive do not.",
        "Nothing, to train. Else allow them: sysctl user.max_user_namespaces, or the container's "
        "seccomp profile.",
        {"reason": reason},
    )


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
