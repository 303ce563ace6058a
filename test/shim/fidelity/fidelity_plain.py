"""Loads trained models where this package cannot be imported: ``python fidelity_plain.py``.

Reads JSON ``[[net, file or folder], ...]`` from stdin; writes for each a number that the model's
answer to fixed inputs comes down to.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import fidelity_nets
import torch


def load(net: str, path: Path) -> Any:
    if net == "llama":
        from transformers import LlamaForCausalLM

        return LlamaForCausalLM.from_pretrained(path)
    if net == "lora":
        from peft import PeftModel

        torch.manual_seed(0)
        return PeftModel.from_pretrained(fidelity_nets.llama(), path)
    model = getattr(fidelity_nets, net)()
    model.load_state_dict(torch.load(path, weights_only=True), strict=True)
    return model


def answer(net: str, path: Path) -> float:
    model = load(net, path).eval()
    torch.manual_seed(1)
    inputs = {"mlp": torch.randn(2, 6), "cnn": torch.randn(2, 1, 6, 6)}.get(
        net, torch.randint(0, fidelity_nets.VOCABULARY, (2, fidelity_nets.LENGTH))
    )
    outputs = model(inputs)
    return float(getattr(outputs, "logits", outputs).double().square().sum())


def main() -> None:
    assert "jupyterlab_saturn" not in sys.modules
    sys.modules["jupyterlab_saturn"] = None  # type: ignore[assignment]  # to import it raises
    with torch.no_grad():
        found = [answer(net, Path(path)) for net, path in json.load(sys.stdin)]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
