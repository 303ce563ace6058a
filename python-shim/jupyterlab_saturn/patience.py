"""How long to wait for what others do, on a machine that may have much else to do."""

from __future__ import annotations

import os

_MOST = 5.0


def patience(seconds: float) -> float:
    """Seconds to wait for what takes less than `seconds` on a machine with time for it.

    A machine that is to do four times what its processors can takes four times as long: who gives
    up earlier would blame what only waits for its turn, and start it again to no avail.
    """
    try:
        load = os.getloadavg()[0] / (os.cpu_count() or 1)
    except OSError:  # the system does not tell
        load = 1.0
    return seconds * min(_MOST, max(1.0, load))
