"""The function of a task that trains by itself, called with all that follows it in place."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, cast

from ...loop import followed
from ...plugins import PluginFile, plugin_files
from ...private_folders import make_private
from ..components.scalars import hearing
from ..runtime.interception import intercepting
from ..task.factory import call_factory
from .environment import launched
from .native_loop import NativeLoop, NativeRun
from .plain_loop import PlainLoop


class NativeTask:
    """The function of a task, with all kinds of loops ready to follow what it does.

    Attributes
    ----------
    made
        What the function returned.
    """

    def __init__(self, run: NativeRun) -> None:
        self.made: Any = None
        self._run = run
        self._plain = PlainLoop()
        self._loops = [*_loops(), self._plain]
        for loop in self._loops:
            loop.run = run

    @property
    def loop(self) -> NativeLoop | None:
        """The loop that was followed; None when none was."""
        return next((each for each in self._loops if each.was_followed()), None)

    def train(self) -> None:
        """Call the function, and run the loop of what it returns. Raises what they raise.

        Raises
        ------
        LoopOver
            When the monitor ends it.
        SaturnError
            As `call_factory`, or the loops.
        """
        run = self._run
        make_private(run.folder)
        kind = "cpu" if run.device is None else run.device.kind
        with ExitStack() as stack:
            stack.enter_context(launched(run.world, run.identity, kind))
            stack.enter_context(intercepting([i for it in self._loops for i in it.interceptions()]))
            stack.enter_context(followed(self._plain))
            stack.enter_context(hearing(run.logged))
            self.made = call_factory(run.paths, run.spec)
            loop = next((each for each in self._loops if each.claims(self.made)), None)
            if loop is not None:
                loop.begin(self.made)

    def export(self) -> Path | None:
        """Write the trained model. Returns its file or folder; None when there is none."""
        return (self.loop or self._plain).export(self.made)


def _loops() -> list[NativeLoop]:
    """Each found in its file, the plain one left out, which follows the function itself."""
    found = [cast(NativeLoop, file.make(str(__package__))) for file in _files()]
    return [loop for loop in found if not isinstance(loop, PlainLoop)]


@cache
def _files() -> list[PluginFile]:
    return plugin_files(Path(__file__).parent, "NativeLoop")
