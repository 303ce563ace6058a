"""Makes a tracker of a wish, importing no other's library."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..paths import SessionPaths
from .tracker import Tracker

if TYPE_CHECKING:
    from ..generated.wire_types import TrackerWish


def make_tracker(paths: SessionPaths, wish: TrackerWish) -> Tracker:
    """The tracker that is asked for.

    Raises
    ------
    SaturnError
        ``no-key`` when a key that was given with the wish is not in the environment.
    ImportError
        What it is told by is not installed.
    """
    folder = paths.tracker(wish["tracker"])
    project = wish.get("project", paths.name)
    match wish["tracker"]:
        case "tensorboard":
            from .tensorboard_tracker import TensorBoardTracker

            return TensorBoardTracker(folder)
        case "mlflow":
            from .mlflow_tracker import MlflowTracker

            uri = wish.get("uri") or os.environ.get("MLFLOW_TRACKING_URI")
            return MlflowTracker(folder, project, uri)
        case "wandb":
            from .wandb_tracker import WandbTracker

            return WandbTracker(folder, wish.get("project"), online=wish.get("online", False))
        case "trackio":
            from .trackio_tracker import TrackioTracker

            return TrackioTracker(folder, wish.get("project"))
