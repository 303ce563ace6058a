"""Whose the other ends of connections are, from the kernel's tables as they can be."""

from __future__ import annotations

import ctypes
import itertools
import multiprocessing
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.runtime import connection_owners
from jupyterlab_saturn.training.runtime.connection_owners import refusing_strangers, strangers

ME, OTHER = 1000, 2000
HERE, THERE = "0100007F:C350", "0100007F:1F90"
HERE6, THERE6 = f"{'0' * 24}01000000:C350", f"{'0' * 24}01000000:1F90"
MAPPED = "0000000000000000FFFF0000"
OPEN, LISTENS = "01", "0A"
MINE = "77"

Row = tuple[str, str, str, int, str]

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the tables are of such machines")


def write(network: Path, tcp: Sequence[Row] = (), tcp6: Sequence[Row] = ()) -> None:
    for name, rows in (("tcp", tcp), ("tcp6", tcp6)):
        lines = [
            f" {number}: {local} {remote} {state} 00000000:00000000 00:00000000 00000000 "
            f"{user:5}        0 {inode} 1 0000000000000000 100 0 0 10 0"
            for number, (local, remote, state, user, inode) in enumerate(rows)
        ]
        (network / name).write_text("\n".join(["  sl  local_address ...", *lines, ""]))


def peer(user: int, inode: str = "78") -> list[Row]:
    """A connection of this process with one of a user."""
    return [(HERE, THERE, OPEN, ME, MINE), (THERE, HERE, OPEN, user, inode)]


def listener(user: int, at: str = THERE) -> Row:
    return at, f"{'0' * len(at.partition(':')[0])}:0000", LISTENS, user, "79"


def test_ends_of_one_user_are_no_strangers(tmp_path: Path) -> None:
    write(tmp_path, peer(ME))
    assert strangers({MINE}, tmp_path) == []
    write(tmp_path, peer(OTHER))
    assert strangers({MINE}, tmp_path) == [OTHER]
    assert strangers({"another"}, tmp_path) == []


@pytest.mark.parametrize("at", [THERE, "00000000:1F90"])
def test_a_connection_not_yet_accepted_is_of_who_listens(tmp_path: Path, at: str) -> None:
    """The kernel says that it is root's, and has no inode."""
    unaccepted = peer(0, "0")
    write(tmp_path, [listener(ME, at), *unaccepted])
    assert strangers({MINE}, tmp_path) == []
    write(tmp_path, [listener(OTHER, at), *unaccepted])
    assert strangers({MINE}, tmp_path) == [OTHER]
    write(tmp_path, unaccepted)
    assert strangers({MINE}, tmp_path) == [None]


def test_a_listener_beside_it_says_nothing_of_it(tmp_path: Path) -> None:
    write(tmp_path, [listener(ME, "00000000:1F90"), listener(OTHER), *peer(0, "0")])
    assert strangers({MINE}, tmp_path) == [OTHER]
    write(tmp_path, [listener(ME, "0100007F:1F91"), *peer(0, "0")])
    assert strangers({MINE}, tmp_path) == [None]


def test_what_leads_off_the_machine_is_not_judged(tmp_path: Path) -> None:
    far = "08080808:01BB"
    write(tmp_path, [("0500A8C0:C350", far, OPEN, ME, MINE)])
    assert strangers({MINE}, tmp_path) == []
    far6 = f"B80D0120{'0' * 16}01000000:01BB"
    write(tmp_path, tcp6=[(HERE6, far6, OPEN, ME, MINE)])
    assert strangers({MINE}, tmp_path) == []


@pytest.mark.parametrize("there", [THERE, "3500007F:1F90"])
def test_all_of_the_loopback_network_is(tmp_path: Path, there: str) -> None:
    write(tmp_path, [(HERE, there, OPEN, ME, MINE)])
    assert strangers({MINE}, tmp_path) == [None]


def test_ipv6_is_judged_alike_and_may_speak_to_ipv4(tmp_path: Path) -> None:
    write(tmp_path, tcp6=[(HERE6, THERE6, OPEN, ME, MINE), (THERE6, HERE6, OPEN, OTHER, "78")])
    assert strangers({MINE}, tmp_path) == [OTHER]
    mine, theirs = peer(OTHER)
    write(tmp_path, [mine], [(MAPPED + theirs[0], MAPPED + theirs[1], *theirs[2:])])
    assert strangers({MINE}, tmp_path) == [OTHER]
    write(tmp_path, peer(0, "0"), [listener(ME, f"{'0' * 32}:1F90")])
    assert strangers({MINE}, tmp_path) == []


def answer(monkeypatch: pytest.MonkeyPatch, *answers: list[int | None]) -> list[set[str]]:
    """Have the tables tell these, and the last for good; what was asked."""
    told = itertools.chain(answers, itertools.repeat(answers[-1]))
    asked: list[set[str]] = []

    def tell(made: set[str]) -> list[int | None]:
        asked.append(made)
        return next(told)

    monkeypatch.setattr(connection_owners, "strangers", tell)
    sockets = iter([set[str](), {"new"}])
    monkeypatch.setattr(connection_owners, "_own_sockets", lambda: next(sockets))
    return asked


def test_an_end_that_is_missing_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer(monkeypatch, [None], [None], [])
    with refusing_strangers():
        pass
    assert asked == [{"new"}] * 3


def test_a_stranger_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer(monkeypatch, [None, OTHER])
    with pytest.raises(SaturnError, match=f"user {OTHER} ") as refused, refusing_strangers():
        pass
    assert refused.value.code == "stranger-met"
    assert len(asked) == 1


def test_an_end_that_stays_missing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_owners, "_PATIENCE_SECONDS", 0.05)
    asked = answer(monkeypatch, [None])
    with pytest.raises(SaturnError, match="an unknown user"), refusing_strangers():
        pass
    assert len(asked) > 1


def _connect_unaccepted() -> None:
    """As a user without rights, connect to oneself."""
    if os.getuid() == 0:
        os.setresuid(ME, ME, ME)
        ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # may look at its own descriptors
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen()
        with refusing_strangers():
            client = stack.enter_context(socket.socket())
            client.connect(server.getsockname())


def test_a_peer_that_has_not_accepted_yet_is_no_stranger() -> None:
    process = multiprocessing.get_context("fork").Process(target=_connect_unaccepted)
    process.start()
    process.join()
    assert process.exitcode == 0
