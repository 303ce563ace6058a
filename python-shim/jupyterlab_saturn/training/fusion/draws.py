"""Random numbers of parts of one forward, each as its own forward would draw them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import torch

from ...errors import SaturnError

_State = tuple[torch.Tensor, torch.Tensor | None]

Draw = Callable[[object], AbstractContextManager[None]]
"""Makes a context in which some module draws for one part."""


class Draws:
    """Keeps for each part where its own generators would be by now.

    Where a forward is computed again in the backward, as by gradient checkpointing, each module
    draws again what it drew.

    Parameters
    ----------
    device
        That dropout works on.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._states: list[_State] = []
        self._drawn: dict[tuple[int, object], _State | None] = {}
        self._again = False

    def begin_part(self) -> None:
        """The next part begins with the global generators as they are."""
        self._states.append(self._state())

    def resume(self, part: int) -> None:
        """Have the global generators be where those of a part are."""
        self._set(self._states[part])

    @contextmanager
    def of(self, part: int, module: object) -> Iterator[None]:
        """Within it, what a module draws is drawn for one part; others see nothing of it."""
        before, key = self._state(), (part, module)
        if self._again:
            self._set(self._known(key))
        else:
            # Which of several calls is made again could not be told.
            self._drawn[key] = None if key in self._drawn else self._states[part]
            self.resume(part)
        try:
            yield
        finally:
            if not self._again:
                self._states[part] = self._state()
            self._set(before)

    @contextmanager
    def again(self) -> Iterator[None]:
        """Within it, what is drawn was drawn before."""
        self._again = True
        try:
            yield
        finally:
            self._again = False

    def _known(self, key: tuple[int, object]) -> _State:
        state = self._drawn.get(key)
        if state is None:
            raise SaturnError(
                "not-fusible",
                "A dropout that the model uses more than once in a forward is computed again in "
                "the backward: what it drew there for each task cannot be told apart.",
                "Set gradient checkpointing off, or train these tasks one by one.",
            )
        return state

    def _state(self) -> _State:
        cuda = self._device.type == "cuda"
        return torch.get_rng_state(), torch.cuda.get_rng_state(self._device) if cuda else None

    def _set(self, state: _State) -> None:
        torch.set_rng_state(state[0])
        if state[1] is not None:
            torch.cuda.set_rng_state(state[1], self._device)
