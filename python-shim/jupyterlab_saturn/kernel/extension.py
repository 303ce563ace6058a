"""`%load_ext jupyterlab_saturn`: what is set up in a shell, and taken away again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from .completion import CompletionEvent, complete
from .magic import SaturnMagics
from .session_registry import SessionRegistry, sessions

if TYPE_CHECKING:
    from .comm_relay import Relay

_COMMANDS = ("%saturn", "%%saturn")


class Extension:
    """Magics, completion and relay of one shell."""

    def __init__(self, shell: Any, sessions: SessionRegistry) -> None:
        self._shell = shell
        self._sessions = sessions
        self._relay: Relay | None = None

    def load(self) -> None:
        """Set up; attaches, in a thread, to a session that runs already."""
        self._shell.register_magics(SaturnMagics(self._shell, self._sessions))
        for command in _COMMANDS:
            self._shell.set_hook("complete_command", self._complete, str_key=command)
        if getattr(self._shell, "kernel", None) is not None:
            from .comm_relay import Relay

            self._relay = Relay()
            self._relay.open()
            self._sessions.follow(self._relay.follow)
        self._sessions.current.attachment.resume()

    def unload(self) -> None:
        """Take everything away and leave the sessions; they go on."""
        for kind in ("line", "cell"):
            self._shell.magics_manager.magics[kind].pop("saturn", None)
        for command in _COMMANDS:
            self._shell.strdispatchers["complete_command"].strs.pop(command, None)
        self._sessions.follow(None)
        if self._relay is not None:
            self._relay.close()
        self._sessions.close()

    def _complete(self, _: Any, event: CompletionEvent) -> list[str]:
        try:
            state = self._sessions.current.attachment.state
        except SaturnError:  # the next magic says it
            state = None
        return complete(event, state, self._shell.user_ns)


_extensions: dict[int, Extension] = {}


def load(shell: Any) -> None:
    """Load into a shell; once is enough."""
    if id(shell) not in _extensions:
        _extensions[id(shell)] = Extension(shell, sessions)
        _extensions[id(shell)].load()


def unload(shell: Any) -> None:
    """Unload from a shell."""
    extension = _extensions.pop(id(shell), None)
    if extension is not None:
        extension.unload()
