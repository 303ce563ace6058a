"""Sends a model's folder to the Hub, with the user's own token; only when asked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..errors import SaturnError

_REPOSITORY = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")


def check_repository(repository: str) -> None:
    """Raise SaturnError ``bad-repository`` for what is no name of one."""
    if not _REPOSITORY.fullmatch(repository):
        raise SaturnError(
            "bad-repository",
            f"{repository!r} names no repository.",
            "Write a user or an organisation, and a name: %saturn push TASK user/name",
        )


def push_folder(folder: Path, repository: str, task: str, *, public: bool) -> str:
    """Upload a folder as one commit; the repository is made if there is none. Returns its address.

    Parameters
    ----------
    public
        Whether a repository that is made is for everybody; one that is there stays as it is.

    Raises
    ------
    SaturnError
        ``no-hub`` when huggingface_hub is not installed; ``no-token``; ``hub-refused`` with what
        the Hub answers; ``hub-unreachable``.
    """
    try:
        from huggingface_hub import HfApi, get_token
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError as error:
        raise SaturnError(
            "no-hub",
            "huggingface_hub is not installed, by which models are sent to the Hub.",
            "Install it: %pip install huggingface_hub",
        ) from error
    if get_token() is None:
        raise SaturnError(
            "no-token",
            "The Hub takes models from users it knows only, and there is no token here.",
            "Log in: from huggingface_hub import login; login()",
        )
    api: Any = HfApi()
    try:
        api.create_repo(repository, private=not public, exist_ok=True)
        done = api.upload_folder(
            folder_path=folder, repo_id=repository, commit_message=f"Trained: {task}"
        )
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", None)
        raise SaturnError(
            "hub-refused",
            f"The Hub refuses to take {repository}: "
            f"{error.server_message or str(error).splitlines()[0]}",
            "Your token must be allowed to write there: look at it with huggingface_hub.whoami()."
            if status in (401, 403)
            else "Try again later; the folder is ready.",
        ) from error
    except OSError as error:  # requests' and httpx's connection errors among them
        raise _unreachable(error) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("httpx", "requests"):
            raise
        raise _unreachable(error) from error
    return str(getattr(done, "repo_url", "") or f"{api.endpoint}/{repository}")


def _unreachable(error: Exception) -> SaturnError:
    return SaturnError(
        "hub-unreachable",
        f"The Hub cannot be reached: {error}.",
        "Look at the network, and at $HF_ENDPOINT and $HF_HUB_OFFLINE; then try again.",
    )
