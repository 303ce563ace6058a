"""Between the front end of one notebook and the engine: messages pass, both ways, as they are."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import __version__, wire
from ..errors import Json, SaturnError
from .judged import told_state
from .progress import is_training
from .session import Session

#: Comm target, on both sides.
TARGET = "jupyterlab_saturn"

if TYPE_CHECKING:
    from ..generated.wire_types import (
        ClientMessage,
        EngineMessage,
        Failure,
        KernelMessage,
        KernelStatus,
        SessionState,
        StateChange,
    )

_WHOLE_SECONDS = 2.0
_WHOLE_BYTES_A_SECOND = 10_000
"""JupyterLab learns of subshells from the main shell: what a page loaded while a cell runs says
waits for the cell. So what is told unasked has the whole state in it now and then; rarely where
that is much, as a page is told of sessions by the Jupyter server, too."""

Send = Callable[["EngineMessage | KernelMessage"], None]


class Relay:
    """Relays between the notebook's comms and the session it follows.

    Comm messages arrive in the kernel's main thread or in a subshell's; they are passed on by the
    connection's thread, so that no cell waits for the panel nor the panel for a cell.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Whoever is told a state is told all changes after it, and none before.
        self._telling = threading.RLock()
        self._comms: dict[str, Any] = {}
        self._session: Session | None = None
        self._unlisten: Callable[[], None] = _nothing
        self._is_open = False
        self._greeted = False
        self._widget: Any = None
        self._is_drawn = self._is_saved = False
        self._whole_due = time.monotonic() + _WHOLE_SECONDS

    def open(self) -> None:
        """Open the comm, and take those that the front end opens. For kernels only."""
        from comm import create_comm, get_comm_manager

        get_comm_manager().register_target(TARGET, self._on_open)
        self._is_open = True
        self._adopt(create_comm(target_name=TARGET, data={"version": __version__}))

    def follow(self, session: Session) -> None:
        """Relay to another session from now on."""
        with self._telling:
            self._unlisten()
            if self._session is not None:
                self._let_go(self._session)
            self._session = session
            self._widget = None
            self._is_drawn = self._is_saved = False
            session.live = self._live
            session.open_tab = partial(self._open_tab, session)
            self._unlisten = session.attachment.listen(
                partial(self._on_state, session), self._tell_status
            )
            self._tell_status()
            if session.attachment.state is not None:
                self._broadcast(_whole(session.attachment.state))

    def close(self) -> None:
        """Close the comms."""
        self._unlisten()
        if self._session is not None:
            self._let_go(self._session)
        if self._is_open:
            from comm import get_comm_manager

            self._is_open = False
            get_comm_manager().unregister_target(TARGET, self._on_open)
        with self._lock:
            comms, self._comms = list(self._comms.values()), {}
        for comm in comms:
            comm.close()

    def receive(self, data: Any, send: Send) -> None:
        """Take a message of the front end; answers go to `send`."""
        try:
            wire.check("client", data)
        except SaturnError as error:
            id = data.get("id") if isinstance(data, dict) else None
            re = id if isinstance(id, str) and 0 < len(id) <= 64 else None
            send(_refusal(error, re))
            return
        message: ClientMessage = data
        if message["type"] == "hello":
            self._greet(message["id"], send)
        elif message["type"] == "attach":
            self._attach(message["id"], send)
        elif message["type"] != "state.taken":  # to the engine, the kernel is who takes it in
            self._pass_on(message, send)

    def _greet(self, asked: str, send: Send) -> None:
        self._greeted = True
        with self._telling:
            session = self._session
            send(self._status(asked))
            if session is not None and session.attachment.attached and session.attachment.state:
                send(_whole(session.attachment.state))

    def _attach(self, asked: str, send: Send) -> None:
        session = self._session
        if session is None:
            send(_refusal(_not_attached(), asked))
            return

        def done(failure: Failure | None) -> None:
            with self._telling:
                send(self._status(asked, failure))
                if failure is None and session is self._session and session.attachment.state:
                    send(_whole(session.attachment.state))

        session.attachment.attach_later(done)

    def _pass_on(self, message: ClientMessage, send: Send) -> None:
        connection = None if self._session is None else self._session.attachment.connection
        if connection is None:
            send(_refusal(_not_attached(), message["id"]))
            return

        def answered(answer: EngineMessage) -> None:
            answer = answer.copy()
            answer["re"] = message["id"]
            send(answer)

        # Ids are unique per sender, and to the engine the sender is this kernel.
        passed = message.copy()
        passed["id"] = wire.new_id()
        try:
            connection.post(passed, answered)
        except SaturnError as error:
            send(_refusal(error, message["id"]))

    def _status(self, re: str | None = None, failure: Failure | None = None) -> KernelMessage:
        session = self._session
        body: KernelStatus = {
            "version": __version__,
            "session": "default" if session is None else session.name,
            "attached": session is not None and session.attachment.attached,
        }
        failure = failure or (None if session is None else session.attachment.error)
        if failure is not None:
            body["error"] = failure
        return wire.message("kernel", "kernel.status", body, re)

    def _tell_status(self) -> None:
        self._broadcast(self._status())

    def _on_state(self, session: Session, state: SessionState, change: StateChange | None) -> None:
        news = _whole(state) if change is None else wire.message("engine", "change", change)
        rests = not is_training(state)
        with self._telling:
            if session is not self._session:
                return  # another has been followed while this was on its way
            self._broadcast(_whole(state) if self._is_whole_due(state) else news)
            widget = self._widget
            if widget is not None and self._is_drawn:
                widget.send(news)
            if widget is not None and rests and not self._is_saved:
                from .widget import picture

                widget.state = picture(state)
            self._is_saved = rests

    def _is_whole_due(self, state: SessionState) -> bool:
        now = time.monotonic()
        if now < self._whole_due:
            return False
        size = len(json.dumps(state))
        self._whole_due = now + max(_WHOLE_SECONDS, size / _WHOLE_BYTES_A_SECOND)
        return True

    def _broadcast(self, envelope: EngineMessage | KernelMessage) -> None:
        with self._lock:
            comms = list(self._comms.values())
        for comm in comms:
            comm.send(envelope)

    def _open_tab(self, session: Session) -> bool:
        """Ask the front end to show the session in a tab, once one is there to be asked."""
        with self._lock:
            is_heard = self._greeted and bool(self._comms)
        if is_heard:
            folder = str(session.paths.folder.resolve())
            self._broadcast(wire.message("kernel", "kernel.view", {"folder": folder}))
        return is_heard

    @staticmethod
    def _let_go(session: Session) -> None:
        session.live = _no_widget
        session.open_tab = _no_tab

    def _live(self, state: SessionState) -> str | None:
        """Model id of the widget that shows the session, once a front end is there to draw it."""
        if not self._greeted:
            return None
        if self._widget is None:
            from .widget import SaturnWidget, picture

            self._widget = SaturnWidget(  # type: ignore[no-untyped-call]
                state=picture(state), title=state["session"]
            )
            self._widget.on_msg(self._on_widget)
        return str(self._widget.model_id)

    def _on_widget(self, widget: Any, data: Any, _: Any) -> None:
        """A front end that draws the widget says so: it is told what changes from then on.

        One of a session that is not followed any more stays as it is.
        """
        with self._telling:
            if widget is self._widget:
                self._is_drawn = True
                self.receive(data, widget.send)

    def _on_open(self, comm: Any, _: Json) -> None:
        self._adopt(comm)

    def _adopt(self, comm: Any) -> None:
        with self._lock:
            self._comms[comm.comm_id] = comm
        # ipykernel 7.4 takes what comes in to the shell that last sent on the comm, in the belief
        # that it waits for an answer. Ours are to stay on the front end's subshell: the main shell
        # hears nothing while a cell runs.
        comm._reply_subshell_for = _as_sent
        comm.on_msg(lambda message: self.receive(message["content"]["data"], comm.send))
        comm.on_close(lambda _: self._forget(comm))

    def _forget(self, comm: Any) -> None:
        with self._lock:
            self._comms.pop(comm.comm_id, None)


def _whole(state: SessionState) -> EngineMessage:
    return wire.message("engine", "state", told_state(state))


def _refusal(error: SaturnError, re: str | None) -> EngineMessage:
    return wire.message("engine", "error", {"error": error.to_json()}, re)


def _not_attached() -> SaturnError:
    return SaturnError(
        "not-attached",
        "This notebook is not attached to a session.",
        "Attach in the Saturn panel, or run %saturn status in a cell.",
    )


def _as_sent(_: Any, subshell: str | None) -> str | None:
    """The shell that the front end sent a message to."""
    return subshell


def _no_widget(_: SessionState) -> str | None:
    """Nothing follows this session any more."""
    return None


def _no_tab() -> bool:
    """Nothing follows this session any more."""
    return False


def _nothing() -> None:
    """Nothing is listened to yet."""
