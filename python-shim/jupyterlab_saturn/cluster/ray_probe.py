"""``python -m jupyterlab_saturn.cluster.ray_probe ADDRESS``: whether a Ray cluster serves us.

A process of its own: Ray settles once in a process whether it shows a token, and ends the process
when it is to show one and finds none.
"""

from __future__ import annotations

import json
import sys


def main(address: str) -> None:
    """Write ``{"address": ..., "refused": ...}``; nothing where there is no cluster."""
    from ray._private import services
    from ray._raylet import GcsClient  # type: ignore[attr-defined]
    from ray.exceptions import AuthenticationError

    try:
        found = services.canonicalize_bootstrap_address_or_die(address)
    except ConnectionError:
        return
    try:
        GcsClient(address=found).get_all_node_info()
    except AuthenticationError:
        refused = True
    else:
        refused = False
    sys.stdout.write(json.dumps({"refused": refused, "address": found}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
