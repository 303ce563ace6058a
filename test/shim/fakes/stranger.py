"""Another user of the machine: connects to whatever listens, and says what ranks of gloo say.

``python stranger.py USER`` becomes that user, then writes a line of JSON after each look around:
``ports`` it has attacked so far and ``bytes`` that came back.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import struct
import sys
import time
from pathlib import Path

COUNTERS = range(12)  # gloo numbers the connections that a rank waits for
_LISTEN = "0A"  # net/tcp_states.h


def listening() -> set[tuple[int, int]]:
    """Family and port of each socket that listens, as anybody may read."""
    found = set()
    for family, table in ((socket.AF_INET, "tcp"), (socket.AF_INET6, "tcp6")):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if state == _LISTEN:
                found.add((int(family), int(local.rpartition(":")[2], 16)))
    return found


def attack(family: int, port: int) -> list[socket.socket]:
    """A connection for each counter; they stay open, as those of a rank."""
    made = []
    for counter in COUNTERS:
        with contextlib.suppress(OSError):
            connection = socket.socket(family)
            connection.connect(("127.0.0.1" if family == socket.AF_INET else "::1", port))
            connection.sendall(struct.pack("<q", counter))
            made.append(connection)
    return made


def main(user: int) -> None:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    attacked: set[tuple[int, int]] = set()
    connections: list[socket.socket] = []
    received = 0
    while True:
        for family, port in listening() - attacked:
            attacked.add((family, port))
            connections += attack(family, port)
        for connection in select.select(connections, [], [], 0)[0]:
            try:
                data = connection.recv(1 << 20)
            except OSError:
                data = b""
            received += len(data)
            if not data:
                connections.remove(connection)
        sys.stdout.write(json.dumps({"ports": len(attacked), "bytes": received}) + "\n")
        sys.stdout.flush()
        time.sleep(0.002)


if __name__ == "__main__":
    main(int(sys.argv[1]))
