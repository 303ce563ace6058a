"""Where pages reach sessions: the list of them, and a websocket to each."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized, ws_authenticated
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from .. import wire
from .page_relay import PageRelay, unknown_session
from .session_access import SessionAccess
from .session_finder import FoundSession
from .session_list import entry_of

RESOURCE = "saturn"
"""What an authorizer is asked about: to `read` it is to look, to `execute` it is to act."""

NO_SESSION = 4404
"""Code with which the websocket to a session that is not there is closed."""


class SessionListHandler(APIHandler):
    """``GET jupyterlab-saturn/sessions``: a wire ``SessionList``."""

    auth_resource = RESOURCE
    _track_activity = False  # pages ask by themselves: a server that idles is to be seen to

    def initialize(self, access: SessionAccess) -> None:
        self._access = access

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self._access.prepare()  # who asks for the list is about to open a session
        found = await asyncio.to_thread(self._list)
        answer = {"sessions": found}
        wire.validate("SessionList", answer)
        self.finish(answer)

    def _list(self) -> list[Any]:
        finder = self._access.finder
        return [entry_of(found, finder.root) for found in finder.find()]


class SessionSocketHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """``jupyterlab-saturn/sessions/ID``: wire messages of a client, and the answers."""

    auth_resource = RESOURCE

    def initialize(self, access: SessionAccess) -> None:
        self._access = access
        self._found: FoundSession | None = None
        self._relay: PageRelay | None = None

    def set_default_headers(self) -> None:
        """None of those of pages: it is no page."""

    def get_compression_options(self) -> dict[str, Any]:
        # A whole state is megabytes of text that says the same again and again.
        return {"compression_level": 1}

    @ws_authenticated
    async def get(self, id: str) -> None:
        user = self.current_user
        if not await ensure_async(self.authorizer.is_authorized(self, user, "read", RESOURCE)):
            raise web.HTTPError(403)
        self._may_steer = await may_steer(self)
        await self._access.prepared()
        self._found = await asyncio.to_thread(self._access.finder.get, id)
        await super().get(id)

    async def open(self, id: str) -> None:
        super().open(id)
        if self._found is None:
            await self._send(wire.encode("engine", unknown_session()))
            self.close(NO_SESSION, "no such session")
            return
        self._relay = PageRelay(
            self._found,
            self._access.context,
            self._send,
            self.close,
            may_steer=self._may_steer,
        )

    async def on_message(self, message: str | bytes) -> None:
        if self._relay is not None:
            await self._relay.receive(message)

    def on_close(self) -> None:
        relay, self._relay = self._relay, None
        if relay is not None:
            self._closing = asyncio.ensure_future(relay.close())

    async def _send(self, data: bytes) -> None:
        try:
            await self.write_message(data.decode())
        except WebSocketClosedError:
            return


async def may_steer(handler: JupyterHandler) -> bool:
    """Whether the user of a request may act on sessions."""
    user = handler.current_user
    return bool(
        await ensure_async(handler.authorizer.is_authorized(handler, user, "execute", RESOURCE))
    )
