"""Random numbers of parts of one forward, each as its own forward would draw them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Draws:
    """Keeps for each part where its own generators would be by now.

    Parameters
    ----------
    device
        That dropout works on.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._states: list[tuple[torch.Tensor, torch.Tensor | None]] = []

    def begin_part(self) -> None:
        """The next part begins with the global generators as they are."""
        self._states.append(self._state())

    def resume(self, part: int) -> None:
        """Have the global generators be where those of a part are."""
        drawn, of_device = self._states[part]
        torch.set_rng_state(drawn)
        if of_device is not None:
            torch.cuda.set_rng_state(of_device, self._device)

    @contextmanager
    def of(self, part: int) -> Iterator[None]:
        """Within it, what is drawn is drawn for one part; others see nothing of it."""
        before = self._state()
        self.resume(part)
        yield
        self._states[part] = self._state()
        torch.set_rng_state(before[0])
        if before[1] is not None:
            torch.cuda.set_rng_state(before[1], self._device)

    def _state(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        cuda = self._device.type == "cuda"
        return torch.get_rng_state(), torch.cuda.get_rng_state(self._device) if cuda else None
