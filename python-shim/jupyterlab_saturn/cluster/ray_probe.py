"""``python -m jupyterlab_saturn.cluster.ray_probe ADDRESS``: whether a Ray cluster serves us.

A process of its own: Ray settles once in a process whether it shows a token, and ends the process
when it is to show one and finds none.
"""

from __future__ import annotations

import json
import sys


def main(address: str) -> None:
    """Write ``{"address": ...}`` when it serves, ``{"refused": true}`` when it wants a token."""
    from ray._private import services  # pyright: ignore
    from ray._raylet import GcsClient
    from ray.exceptions import AuthenticationError

    try:
        found = services.canonicalize_bootstrap_address_or_die(address)
    except ConnectionError:
        return
    try:
        GcsClient(address=found).get_all_node_info()
    except AuthenticationError:
        print(json.dumps({"refused": True, "address": found}))
    else:
        print(json.dumps({"refused": False, "address": found}))


if __name__ == "__main__":
    main(sys.argv[1])
