"""``python -m jupyterlab_saturn.training.run.safetensors_file FROM TO``: a model's weights anew.

Of ``model.pt`` a file that nobody needs pickle for. Exit status 3: a package for it is missing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

MISSING = 3


def convert(source: Path, target: Path) -> None:
    """Write the tensors of a state dict as safetensors; what else is in it is left out.

    Raises
    ------
    ImportError
        When safetensors is not installed; and what that raises of tensors that it cannot write.
    """
    from safetensors.torch import save_file

    weights = torch.load(source, weights_only=True, map_location="cpu", mmap=True)
    tensors = {name: value for name, value in weights.items() if isinstance(value, torch.Tensor)}
    # Tied weights are one tensor in memory, which the format has no words for.
    seen: set[int] = set()
    whole: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        own = tensor.contiguous()
        place = own.untyped_storage().data_ptr()
        whole[name] = own.clone() if place in seen else own
        seen.add(place)
    save_file(whole, target, metadata={"format": "pt"})


if __name__ == "__main__":
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(MISSING)
