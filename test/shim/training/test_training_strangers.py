"""Another user of the machine, who attacks all that listens while groups start, takes no part."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from jupyterlab_saturn.agent.session_network import SessionNetwork
from jupyterlab_saturn.errors import SaturnError
from nightly import nightly
from ranks import Group, Session, finish
from real_zygote import ZygoteClient
from training_tasks import mlp

STRANGER = Path(__file__).parents[1] / "fakes" / "stranger.py"
NOBODY = 65534
USER = 12345
USER = 12345  # of the ranks, where they are not root's
_GROUPS = 12
_LOOKS = 5  # of the stranger, at a group that waits

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.getuid() != 0 or shutil.which("nsenter") is None,
    reason="only root can be two users",
)


class Stranger:
    """The other user, at work."""

    def __init__(self, prefix: list[str]) -> None:
        command = [*prefix, sys.executable, str(STRANGER), str(NOBODY)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.looks = 0
        self.told: dict[str, int] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def look_around(self) -> None:
        """Wait until all that listens now has been found."""
        wanted = self.looks + _LOOKS
        while self.looks < wanted:
            assert self.process.poll() is None
            time.sleep(0.01)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told = json.loads(line)
            self.looks += 1


@dataclass
class Host:
    """A machine of its own, with its loopback interface, so that nobody else's is attacked."""

    session: Session
    zygote: ZygoteClient
    stranger: Stranger
    enter: list[str]

    def started(self, technique: str, ranks: int, **changes: Any) -> Group:
        """A group whose last rank comes late, after all that listens has been attacked."""
        spec = self.session.spec(mlp, f"{technique}-{ranks}")
        group = self.session.train(spec, technique, ranks, self.zygote, **changes)
        late = group.pids[-1]
        os.kill(late, signal.SIGSTOP)
        try:
            while not any(_listens(pid) for pid in group.pids[:-1]):
                time.sleep(0.01)
            self.stranger.look_around()
        finally:
            os.kill(late, signal.SIGCONT)
        return group

    def weights(self, technique: str, ranks: int) -> dict[str, Any]:
        return self.session.weights({"name": f"{technique}-{ranks}"})


def _listens(pid: int) -> bool:
    """Whether a process has a socket that listens, in the network of any of its threads."""
    mine = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            mine.add(str(descriptor.readlink()))
        except OSError:
            continue
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for line in (thread / "net" / "tcp").read_text().splitlines()[1:]:
            _, _, _, state, _, _, _, _, _, inode, *_ = line.split()
            if state == "0A" and f"socket:[{inode}]" in mine:
                return True
    return False


@pytest.fixture(scope="module")
def enter() -> Iterator[list[str]]:
    """What begins a command in the machine of its own."""
    try:
        network = SessionNetwork.make()
    except SaturnError as error:
        pytest.skip(error.message)
    yield ["nsenter", f"--net={network.place['network']}"]
    network.close()


@pytest.fixture
def host(enter: list[str]) -> Iterator[Host]:
    with ExitStack() as stack:
        session = Session()
        stack.callback(session.close)
        zygote = ZygoteClient(enter)
        stack.callback(zygote.close)
        stranger = Stranger(enter)
        stack.callback(stranger.close)
        yield Host(session, zygote, stranger, enter)


GROUPS = [
    ("ddp", 2),
    pytest.param("fsdp", 2, marks=nightly),
    pytest.param("pipeline", 2, marks=nightly),
    pytest.param("hsdp", 4, marks=nightly),
]


def test_without_a_network_of_its_own_a_group_refuses_the_stranger(host: Host) -> None:
    """He is taken for the peer, which is noticed before anything is sent to him."""
    for _ in range(_GROUPS):  # which rank of two waits to be connected to is chance
        group = host.started("ddp", 2)
        while not (group.of("lost") or group.of("finished")):
            time.sleep(0.05)
        if group.of("lost"):
            break
        group.wait()
    for pid in group.pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    group.wait()
    error = group.of("lost")[0]["error"]
    assert error["code"] == "stranger-met"
    assert f"user {NOBODY}" in error["message"]
    assert host.stranger.told["ports"] > 0
    assert host.stranger.told["bytes"] == 0


@pytest.mark.parametrize(("technique", "ranks"), GROUPS)
def test_in_a_network_of_its_own_it_is_not_found(host: Host, technique: str, ranks: int) -> None:
    network = SessionNetwork.make()
    try:
        finish(host.started(technique, ranks, network=network.place))
    finally:
        network.close()
    assert host.stranger.told == {"ports": 0, "bytes": 0}
    alone = host.session.spec(mlp, "alone")
    finish(host.session.train(alone, "single", 1, host.zygote))
    expected = host.session.weights(alone)
    found = host.weights(technique, ranks)
    for name, weight in expected.items():
        torch.testing.assert_close(found[name], weight, rtol=1e-5, atol=1e-6)


# A home that others may not enter may hold the interpreter: there is another one over it.
_AS_USER = """
set -e
mount --make-rprivate /
if [ -n "$2" ]; then
    mkdir -p "$3"
    mount --bind "$2" "$3"
    mount -t tmpfs -o mode=755 tmpfs "$1"
    mkdir -p "$2"
    mount --move "$3" "$2"
fi
shift 3
exec setpriv --reuid USER --regid USER --clear-groups "$@"
"""


def _closed_home() -> tuple[str, str]:
    """What others may not enter on the way to the interpreter, and what of it they need."""
    base = Path(sys.base_prefix)
    for folder in reversed(base.parents):
        if not folder.stat().st_mode & 0o001:
            return str(folder), str(folder / base.relative_to(folder).parts[0])
    return "", ""


def test_a_user_without_rights_has_a_network_for_the_ranks_too(tmp_path: Path) -> None:
    """They keep name, rights and the machine's network; only gloo's thread is inside."""
    if shutil.which("setpriv") is None or shutil.which("unshare") is None:
        pytest.skip("there is no setpriv")
    script = _AS_USER.replace("USER", str(USER))
    here = Path(__file__).parents[1]
    done = subprocess.run(
        [
            *("unshare", "--mount", "sh", "-c", script, "sh", *_closed_home(), str(tmp_path / "x")),
            *(sys.executable, str(here / "fakes" / "unprivileged_group.py")),
        ],
        env={
            **os.environ,
            "HOME": "/nonexistent",
            "PYTHONPATH": os.pathsep.join([str(here), *sys.path]),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        timeout=100,
    )
    if "no-network" in done.stderr or "allows no network namespace" in done.stderr:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    for pid in told.pop("pids"):
        while Path("/proc", str(pid)).exists():
            time.sleep(0.02)
    assert told == {
        "place": ["network", "user"],
        "capabilities": ["0" * 16],
        "environment": True,
        "networks": 2,
        "main": True,
    }
