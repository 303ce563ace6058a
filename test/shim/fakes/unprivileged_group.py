"""A user without rights has a group meet in a network of its own: writes a line of JSON of it.

``training_tasks`` and ``ranks`` must be importable.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from jupyterlab_saturn.agent.session_network import SessionNetwork
from ranks import Session, finish
from training_tasks import mlp

ENDLESS = 10**7


def main() -> None:
    network = SessionNetwork.make()
    session = Session()
    alone, together = session.spec(mlp, "alone"), session.spec(mlp, "together")
    finish(session.train(alone, "single"))
    finish(session.train(together, "ddp", 2, network=network.place))
    expected, found = session.weights(alone), session.weights(together)
    for name, weight in expected.items():
        torch.testing.assert_close(found[name], weight, rtol=1e-5, atol=1e-6)
    endless = session.train(
        session.spec(mlp, "endless"), "ddp", 2, steps=ENDLESS, network=network.place
    )
    endless.until("started")
    rank = Path("/proc", str(endless.pids[0]))
    told = {
        "place": sorted(network.place),
        "capabilities": sorted(
            {
                line.split()[1]
                for thread in (rank / "task").iterdir()
                for line in (thread / "status").read_text().splitlines()
                if line.startswith(("CapEff", "CapPrm"))
            }
        ),
        # only a process that its user may look into has them to read
        "environment": len((rank / "environ").read_bytes()) > 0,
        "networks": len(
            {(thread / "ns" / "net").readlink() for thread in (rank / "task").iterdir()}
        ),
        "main": str((rank / "ns" / "net").readlink()) == str(Path("/proc/self/ns/net").readlink()),
        "pids": endless.pids,
    }
    sys.stdout.write(f"{json.dumps(told)}\n")
    sys.stdout.flush()
    # Its ranks are to end with it, though they are in another user namespace.


if __name__ == "__main__":
    main()
