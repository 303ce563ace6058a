"""Parameters that are not trained, and whether something changes them all the same."""

from __future__ import annotations

import torch
from torch import nn
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel


class FrozenParameters:
    """Notices when parameters that are not trained change, as those of a momentum encoder do.

    Checkpoints leave them out otherwise: of a model with LoRA they are nearly everything.

    Attributes
    ----------
    names
        As checkpoints call them.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        frozen = {id(p) for p in module.parameters() if not p.requires_grad}
        trained = {id(p) for p in module.parameters() if p.requires_grad}
        self.names: frozenset[str] = frozenset()
        if frozen:
            known = named_in_full(module)
            # One that is tied to a trained one is trained.
            self.names = frozenset(n for n, p in known.items() if id(p) in frozen - trained)
        self._before = {n: _digest(p) for n, p in self._parameters().items()}

    def changed(self) -> set[str]:
        """Names of those whose numbers on this rank are others than at first."""
        now = self._parameters()
        return {name for name, tensor in now.items() if _digest(tensor) != self._before[name]}

    def _parameters(self) -> dict[str, torch.Tensor]:
        if not self.names:
            return {}
        return {name: p for name, p in named_in_full(self._module).items() if name in self.names}


def named_in_full(module: nn.Module) -> dict[str, nn.Parameter]:
    """Parameters by the names that `torch.distributed.checkpoint` gives them, tied ones by each."""
    plain = module.module if isinstance(module, DistributedDataParallel) else module
    return {
        name.replace("_orig_mod.", ""): parameter  # what torch.compile puts round a model
        for name, parameter in plain.named_parameters(remove_duplicate=False)
    }


@torch.no_grad()
def _digest(tensor: torch.Tensor) -> tuple[float, ...]:
    """Numbers that practically any change of a tensor changes; cheap where the tensor is."""
    local = tensor.to_local() if isinstance(tensor, DTensor) else tensor
    if local.numel() == 0:
        return ()
    flat = local.detach().reshape(-1)
    if not (flat.is_floating_point() or flat.is_complex()):
        flat = flat.double()
    norms = (torch.linalg.vector_norm(flat, order).item() for order in (1, 2, 3))
    return (flat.sum().item(), *norms, flat[0].item(), flat[-1].item())
