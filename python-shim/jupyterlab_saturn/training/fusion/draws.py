"""Random numbers of parts of one forward, each as its own forward would draw them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from ..components.tensor_bytes import tensor_bytes
from .adapter_sites import NotFused

_State = tuple[torch.Tensor, torch.Tensor | None]


class Draws:
    """Keeps for each part where its own generators would be by now.

    Each call of a dropout moves the global generator of the CPU on by one number, which nobody
    uses. Where a forward is computed again in the backward, as by gradient checkpointing, that
    generator is set back: by where it is a call is known, and draws again what it drew.

    Parameters
    ----------
    device
        That dropout works on.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._states: list[_State] = []
        self._drawn: dict[bytes, dict[int, _State]] = {}
        self._again = False

    def begin_part(self) -> None:
        """The next part begins with the global generators as they are."""
        self._states.append(self._state())

    def resume(self, part: int) -> None:
        """Have the global generators be where those of a part are."""
        self._set(self._states[part])

    def call(self, works: Mapping[int, Callable[[], torch.Tensor]]) -> dict[int, torch.Tensor]:
        """What a call of a dropout makes for some parts. Others see but that there was a call.

        Raises
        ------
        NotFused
            When it is made again, and which it was cannot be told.
        """
        before = self._state()
        at = tensor_bytes(before[0])
        if not self._again:
            self._drawn[at] = {}
        elif at not in self._drawn:
            raise NotFused("what is computed again in the backward draws other numbers there")
        drawn = self._drawn[at]
        try:
            return {part: self._draw(part, work, drawn) for part, work in works.items()}
        finally:
            self._set(before)
            _move_on()

    @contextmanager
    def again(self) -> Iterator[None]:
        """Within it, what is drawn was drawn before."""
        self._again = True
        try:
            yield
        finally:
            self._again = False

    def replay_calls(self) -> None:
        """Move the global generator on as all calls have."""
        for _ in self._drawn:
            _move_on()

    def _draw(
        self, part: int, work: Callable[[], torch.Tensor], drawn: dict[int, _State]
    ) -> torch.Tensor:
        if self._again:
            self._set(drawn[part])
            return work()
        drawn[part] = self._states[part]
        self.resume(part)
        made = work()
        self._states[part] = self._state()
        return made

    def _state(self) -> _State:
        cuda = self._device.type == "cuda"
        return torch.get_rng_state(), torch.cuda.get_rng_state(self._device) if cuda else None

    def _set(self, state: _State) -> None:
        torch.set_rng_state(state[0])
        if state[1] is not None:
            torch.cuda.set_rng_state(state[1], self._device)


def _move_on() -> None:
    torch.rand((), device="cpu")


@dataclass(frozen=True)
class PartDraws:
    """How the parts of one batch draw: each as one of those of `draws`."""

    draws: Draws
    parts: Sequence[int]

    def call(self, works: Mapping[int, Callable[[], torch.Tensor]]) -> dict[int, torch.Tensor]:
        """As `Draws.call`, by their places in the batch."""
        made = self.draws.call({self.parts[place]: work for place, work in works.items()})
        return {place: made[self.parts[place]] for place in works}
