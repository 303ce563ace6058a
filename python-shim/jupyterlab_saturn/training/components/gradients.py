"""Scaling and clipping the gradients of all ranks alike."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

import torch
from torch.distributed.tensor import DTensor, Replicate

from ..runtime.process_group import ProcessGroup

_EPSILON = 1e-6  # as torch.nn.utils.clip_grad_norm_, to the digit


class Gradients:
    """Scales and clips gradients, wherever their elements are.

    Parameters
    ----------
    device
        Where gradients are, for a rank that has none.
    copies
        On how many ranks each element of a parameter that is no `DTensor` is.
    """

    def __init__(
        self, world: ProcessGroup, device: torch.device, copies: Callable[[torch.Tensor], float]
    ) -> None:
        self._world = world
        self._device = device
        self._copies = copies

    def conclude(
        self,
        parameters: Sequence[torch.nn.Parameter],
        scale: torch.Tensor | None,
        clip_norm: float | None,
    ) -> torch.Tensor | None:
        """Multiply all gradients by `scale`, then scale them down to the norm `clip_norm`.

        A collective.

        Returns
        -------
        torch.Tensor | None
            The norm over all ranks before it was clipped; None without `clip_norm`.
        """
        if scale is None and clip_norm is None:
            return None
        factor, norm = scale, None
        if clip_norm is not None:
            norm = self.norm(parameters) * (1.0 if scale is None else scale)
            clipping = torch.clamp(clip_norm / (norm + _EPSILON), max=1.0)
            factor = clipping if scale is None else clipping * scale
        gradients = [_local(p.grad) for p in parameters if p.grad is not None]
        if gradients and factor is not None:
            torch._foreach_mul_(gradients, factor.to(gradients[0].device))
        return norm

    def norm(self, parameters: Sequence[torch.nn.Parameter]) -> torch.Tensor:
        """The Euclidean norm of the gradient over all parameters of all ranks. A collective."""
        by_copies: dict[float, list[torch.Tensor]] = defaultdict(list)
        for parameter in parameters:
            if parameter.grad is not None:
                by_copies[self._copies_of(parameter.grad)].append(_local(parameter.grad))
        own = (g.device for gradients in by_copies.values() for g in gradients)
        squared = torch.zeros((), device=next(own, self._device))
        for copies, gradients in by_copies.items():
            squared = squared + torch.nn.utils.get_total_norm(gradients) ** 2 / copies
        return self._world.add_up(squared).sqrt()

    def _copies_of(self, gradient: torch.Tensor) -> float:
        if not isinstance(gradient, DTensor):
            return self._copies(gradient)
        mesh = gradient.device_mesh
        whole = math.prod(
            mesh.size(dim)
            for dim, placement in enumerate(gradient.placements)
            if isinstance(placement, Replicate)
        )
        return whole * self._world.size / mesh.size()


def _local(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor
