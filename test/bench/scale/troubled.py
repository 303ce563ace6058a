"""A client that cannot follow: ``troubled.py FOLDER stopped|slow``.

It prints a line once it is attached.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from jupyterlab_saturn import Session

#: How long a slow one takes to read what it is told, in seconds.
_READING = 2.0


def main() -> None:
    folder, kind = sys.argv[1:]
    session = Session("scale", Path(folder) / "home")
    connection = session.attachment.attach()
    connection.wait_for(lambda _: True, 30)
    if kind == "slow":
        connection.listen(lambda *_: time.sleep(_READING), lambda: None)
    sys.stdout.write("attached\n")
    sys.stdout.flush()
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
