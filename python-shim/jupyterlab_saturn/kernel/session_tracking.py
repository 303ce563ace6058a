"""A session that tells experiment trackers of its tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import SaturnError
from ..trackers.catalogue import kind_of
from ..wire import message
from .display import View
from .session_views import SessionViews
from .tracker_wishes import track_body

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState, TrackSet

_AGENT_SECONDS = 120.0
_REPORT_SECONDS = 20.0
_SETTLED = ("telling", "told", "failing")


class SessionTracking(SessionViews):
    """A session with `track`."""

    def track(
        self,
        tracker: str | None = None,
        *,
        uri: str | None = None,
        project: str | None = None,
        online: bool = False,
    ) -> View:
        """Tell a tracker of all tasks, also of those that are over; show what is told when None.

        A process of its own tells it, each step once, for as long as the session is there. Keys are
        taken from this kernel's environment, and written down nowhere.

        Parameters
        ----------
        tracker
            ``"tensorboard"``, ``"mlflow"``, ``"wandb"`` or ``"trackio"``. One that is told already
            is from now on told as this says.
        uri
            Of ``"mlflow"``: the server, or database; ``$MLFLOW_TRACKING_URI``, else one in the
            session's folder.
        project
            What it is filed under; what the tasks' own code says, else the session's name.
        online
            Of ``"wandb"``: over the network. It is so when there is a key, in ``$WANDB_API_KEY`` or
            of ``wandb.login()``, unless ``$WANDB_MODE`` is ``offline``; else it is told into files.

        Raises
        ------
        SaturnError
            ``unknown-tracker``; ``no-tracker`` when its package is not installed; ``no-key``;
            ``bad-uri``; ``secret-in-uri``; ``bad-option``.
        """
        if tracker is None:
            if uri is not None or project is not None or online:
                raise SaturnError(
                    "bad-option", "Name the tracker.", 'Write e.g.: session().track("mlflow")'
                )
            return self.render("tracking")
        body = track_body(tracker, uri, project, online)
        connection = self._connection()
        connection.wait_for(lambda state: state["agent"] == "connected", _AGENT_SECONDS)
        self._set(body)
        try:
            connection.wait_for(lambda state: _is_known(state, tracker), _REPORT_SECONDS)
        except SaturnError as error:
            if error.code != "engine-silent":  # it takes its time; the view says so
                raise
        return self.render("tracking")

    def untrack(self, tracker: str | None = None) -> View:
        """Tell a tracker no more, or none; what it was told stays where it is.

        Raises
        ------
        SaturnError
            ``not-tracked`` when it was told nothing.
        """
        self._set({"off": [] if tracker is None else [kind_of(tracker).name]})
        return self.render("tracking")

    def _set(self, body: TrackSet) -> None:
        rev = self._connection().request(message("client", "track.set", body))["rev"]
        self._wait(rev, lambda _: True)


def _is_known(state: SessionState, tracker: str) -> bool:
    return any(
        one["wish"]["tracker"] == tracker and "report" in one and one["report"]["state"] in _SETTLED
        for one in state.get("tracking", [])
    )
