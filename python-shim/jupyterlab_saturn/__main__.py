"""``python -m jupyterlab_saturn doctor``: what can be asked of the package outside a notebook."""

from __future__ import annotations

import signal
import sys

from .doctor.command import main

_USAGE = "Usage: python -m jupyterlab_saturn doctor [--deep] [--json FILE]\n"

if __name__ == "__main__":
    if sys.argv[1:2] != ["doctor"]:
        sys.stderr.write(_USAGE)
        sys.exit(2)
    # What it has started is ended, and removed, on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[2:]))
