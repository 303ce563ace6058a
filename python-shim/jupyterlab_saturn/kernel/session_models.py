"""A session that gives its models away."""

from __future__ import annotations

from .display import View, note
from .hub_folder import hub_folder
from .hub_push import check_repository, push_folder
from .session_views import SessionViews
from .training_history import task_of


class SessionModels(SessionViews):
    """A session with `push`."""

    def push(self, task: str, repository: str | None = None, *, public: bool = False) -> View:
        """Send a trained model's folder to the Hugging Face Hub.

        In the folder, which was made when the task ended, there are the model (of a plain one
        ``model.safetensors``), a card (``README.md``) and ``training.json``, which say how it was
        trained. It is sent from this kernel with the user's own token, as one commit.

        Parameters
        ----------
        task
            Name of one that is trained.
        repository
            ``"user/name"``; it is made when it is not there. Nothing is sent when None.
        public
            Whether a repository that is made is for everybody.

        Raises
        ------
        SaturnError
            ``unknown-task``, ``bad-repository``, and as `hub_folder`; ``no-hub``, ``no-token``,
            ``hub-refused`` or ``hub-unreachable`` when it cannot be sent.
        """
        if repository is not None:
            check_repository(repository)
        state = self.state
        folder = hub_folder(self.paths, state, task_of(state, task))
        if repository is None:
            return note(f"Ready, and sent nowhere: {folder}")
        address = push_folder(folder, repository, task, public=public)
        return note(f"Sent: {address}")
