"""The live schedule in a cell. Imports ipywidgets, so it is itself imported when first shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipywidgets.widgets.domwidget import DOMWidget
from traitlets import Dict, Unicode

from .. import __version__

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState, TaskState

_MODULE = "jupyterlab-saturn"


class SaturnWidget(DOMWidget):
    """Shows a session; drawn by the extension's `SaturnView`.

    Its `state` is what a notebook that is saved keeps of it. What changes meanwhile is told by
    messages, to front ends that say hello by one because they draw it.
    """

    _model_name = Unicode("SaturnModel").tag(sync=True)
    _model_module = Unicode(_MODULE).tag(sync=True)
    _model_module_version = Unicode(__version__).tag(sync=True)
    _view_name = Unicode("SaturnView").tag(sync=True)
    _view_module = Unicode(_MODULE).tag(sync=True)
    _view_module_version = Unicode(__version__).tag(sync=True)
    state: Any = Dict(allow_none=True, default_value=None).tag(sync=True)
    title: Any = Unicode("").tag(sync=True)


def picture(state: SessionState) -> SessionState:
    """What is drawn of a state: without what only tables and questions need, the most of it."""
    drawn = state.copy()
    drawn["tasks"] = [_drawn_task(task) for task in state["tasks"]]
    if "plan" in drawn:
        drawn["plan"] = drawn["plan"].copy()
        plan = drawn["plan"]["plan"] = drawn["plan"]["plan"].copy()
        plan.pop("explanation", None)
        plan.pop("log", None)
    return drawn


def _drawn_task(task: TaskState) -> TaskState:
    if "inspection" not in task:
        return task
    drawn = task.copy()
    drawn["inspection"] = task["inspection"].copy()
    drawn["inspection"]["feasibility"] = []
    return drawn
