"""Batch normalisation over the whole batch, whatever ranks have its parts."""

from __future__ import annotations

import functools
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from ..runtime.process_group import ProcessGroup

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def batch_norms(model: nn.Module) -> list[nn.Module]:
    """The layers of a model whose statistics can be taken over several ranks."""
    return [module for module in model.modules() if type(module) in BATCH_NORMS]


class BatchNorms:
    """Has a model's layers take their statistics from all ranks' samples.

    Outputs, gradients and running statistics are then those of one device. `nn.SyncBatchNorm`
    does the same, but on GPUs only, and it cannot leave out a rank whose samples do not count.

    Parameters
    ----------
    ranks
        Over how many a batch is spread, each part on as many ranks as the world has more of them.
        Over one, layers are left as they are.

    Attributes
    ----------
    counts
        Whether this rank's samples count in the forward that follows.
    """

    def __init__(self, model: nn.Module, ranks: int, world: ProcessGroup) -> None:
        self.counts = True
        self._copies = world.size / ranks
        if ranks > 1:
            for layer in batch_norms(model):
                vars(layer)["forward"] = functools.partial(self._forward, layer, layer.forward)

    def _forward(self, layer: Any, alone: Any, inputs: torch.Tensor) -> torch.Tensor:
        if not layer.training:  # batches to evaluate are never cut
            return alone(inputs)  # type: ignore[no-any-return]
        dims = [dim for dim in range(inputs.dim()) if dim != 1]
        shape = [1, -1, *[1] * (inputs.dim() - 2)]
        # As PyTorch does it, statistics are of single precision at least.
        values = inputs.float() if inputs.dtype in (torch.half, torch.bfloat16) else inputs
        share = float(self.counts)
        here = inputs.numel() / inputs.shape[1] * share
        sums = torch.cat([values.sum(dims) * share, values.new_tensor([here])])
        totals = self._sum(sums)
        count = totals[-1].detach()
        mean = totals[:-1] / count
        centred = values - mean.reshape(shape)
        variance = self._sum(centred.square().sum(dims) * share) / count
        outputs = centred * torch.rsqrt(variance + layer.eps).reshape(shape)
        if layer.affine:
            outputs = outputs * layer.weight.reshape(shape) + layer.bias.reshape(shape)
        if layer.track_running_stats:
            _remember(layer, mean.detach(), variance.detach(), count)
        return outputs.to(inputs.dtype)

    def _sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """Over all parts of the batch; differentiable."""
        total: torch.Tensor = _SumOverRanks.apply(tensor, self._copies)  # type: ignore[no-untyped-call]
        return total


class _SumOverRanks(torch.autograd.Function):
    """A sum over all ranks, each of which `copies` have alike.

    It counts in the losses of all of them, so gradients add up, too.
    """

    @staticmethod
    def forward(context: Any, tensor: torch.Tensor, copies: float) -> torch.Tensor:
        context.copies = copies
        total = tensor / copies
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        total = gradient.contiguous() / context.copies
        dist.all_reduce(total)
        return total, None


@torch.no_grad()
def _remember(layer: Any, mean: torch.Tensor, variance: torch.Tensor, count: torch.Tensor) -> None:
    layer.num_batches_tracked.add_(1)
    momentum = layer.momentum
    if momentum is None:  # the mean of all batches so far
        momentum = 1.0 / float(layer.num_batches_tracked)
    unbiased = variance * count / (count - 1)
    layer.running_mean.mul_(1 - momentum).add_(mean * momentum)
    layer.running_var.mul_(1 - momentum).add_(unbiased * momentum)
