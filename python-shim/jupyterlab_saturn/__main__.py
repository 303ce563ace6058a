"""``python -m jupyterlab_saturn doctor``: what can be asked of the package outside a notebook."""

from __future__ import annotations

import sys

from .doctor.command import main

_USAGE = "Usage: python -m jupyterlab_saturn doctor [--deep] [--json FILE]\n"

if __name__ == "__main__":
    if sys.argv[1:2] != ["doctor"]:
        sys.stderr.write(_USAGE)
        sys.exit(2)
    sys.exit(main(sys.argv[2:]))
