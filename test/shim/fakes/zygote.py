"""A zygote without torch: ``python zygote.py MODE FD``.

Modes: ``ready`` forks ranks; ``unsafe`` refuses; ``dies`` exits at once; ``mute`` never answers
an order; ``slow`` answers late; ``noisy`` talks nonsense first; ``stale`` refuses once a file
``changed`` beside the request is younger than it is.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import rank as fake_rank


def send(line: socket.socket, **said: Any) -> None:
    line.sendall(json.dumps(said).encode() + b"\n")


def fork(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        fake_rank.main(order["request"], order["rank"])
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    except BaseException:
        traceback.print_exc()
    os._exit(code)


def main(mode: str, fd: int) -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    line = socket.socket(fileno=fd)
    if mode == "dies":
        sys.exit("dying")
    if mode == "unsafe":
        send(line, op="unsafe", reason="two threads are running")
    if mode == "noisy":
        line.sendall(b"Hello!\n{}\n")
        send(line, op="sing")
    send(line, op="ready")
    born = time.time()
    children: dict[int, str] = {}
    heard = b""
    while True:
        readable, _, _ = select.select([line], [], [], 0.01)
        if readable:
            data = line.recv(65536)
            if not data:
                return
            heard += data
            *orders, heard = heard.split(b"\n")
            for order in map(json.loads, orders):
                if mode == "mute":
                    continue
                changed = Path(order["request"]).with_name("changed")
                if mode == "stale" and changed.exists() and changed.stat().st_mtime > born:
                    send(line, op="stale", id=order["id"], file="lib.py")
                    continue
                pid = fork(order)
                children[pid] = order["id"]
                if mode == "slow":
                    time.sleep(0.5)
                send(line, op="spawned", id=order["id"], pid=pid)
        while children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            code = os.waitstatus_to_exitcode(status)
            send(line, op="exited", id=children.pop(pid), pid=pid, code=code)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
