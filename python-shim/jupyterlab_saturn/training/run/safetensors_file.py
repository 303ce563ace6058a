"""``python -m jupyterlab_saturn.training.run.safetensors_file FROM TO``: a model's weights anew.

Of ``model.pt`` a file that nobody needs pickle for. Exit status 3: a package for it is missing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

MISSING = 3


def convert(source: Path, target: Path) -> list[str]:
    """Write the tensors of a state dict as safetensors. Returns names of what is no tensor."""
    from safetensors.torch import save_file

    weights = torch.load(source, weights_only=True, map_location="cpu")
    tensors = {name: value for name, value in weights.items() if isinstance(value, torch.Tensor)}
    # Tied weights are one tensor in memory, which the format has no words for.
    whole = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
    save_file(whole, target, metadata={"format": "pt"})
    return [name for name in weights if name not in tensors]


if __name__ == "__main__":
    try:
        left_out = convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(MISSING)
    sys.stdout.write("\n".join(left_out))
