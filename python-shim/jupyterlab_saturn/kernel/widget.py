"""The live schedule in a cell. Imports ipywidgets, so it is itself imported when first shown."""

from __future__ import annotations

from typing import Any

from ipywidgets.widgets.domwidget import DOMWidget
from traitlets import Dict, Unicode

from .. import __version__

_MODULE = "jupyterlab-saturn"


class SaturnWidget(DOMWidget):
    """Shows a session; drawn by the extension's `SaturnView`."""

    _model_name = Unicode("SaturnModel").tag(sync=True)
    _model_module = Unicode(_MODULE).tag(sync=True)
    _model_module_version = Unicode(__version__).tag(sync=True)
    _view_name = Unicode("SaturnView").tag(sync=True)
    _view_module = Unicode(_MODULE).tag(sync=True)
    _view_module_version = Unicode(__version__).tag(sync=True)
    state: Any = Dict(allow_none=True, default_value=None).tag(sync=True)
    title: Any = Unicode("").tag(sync=True)
