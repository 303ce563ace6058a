"""The extension of a Jupyter server: what it adds to it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import zmq.asyncio
from jupyter_server.utils import url_path_join

from .session_access import SessionAccess
from .session_finder import SessionFinder
from .session_handlers import SessionListHandler, SessionSocketHandler

_PATH = "jupyterlab-saturn/sessions"


def load(server: Any) -> None:
    """Let pages of a server reach the sessions below its folder.

    Those in ``SATURN_HOME``, where that is set for the server, are shown as well: kernels put
    theirs there.
    """
    home = os.environ.get("SATURN_HOME")
    roots = [Path(server.root_dir), *([Path(home).absolute()] if home else [])]
    access = SessionAccess(SessionFinder(roots), zmq.asyncio.Context.instance())
    base = server.web_app.settings["base_url"]
    server.web_app.add_handlers(
        ".*$",
        [
            (url_path_join(base, _PATH), SessionListHandler, {"access": access}),
            (
                url_path_join(base, _PATH, "([0-9a-f]{32})"),
                SessionSocketHandler,
                {"access": access},
            ),
        ],
    )
