"""The devices, as the driver and as PyTorch see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..agent.device_discovery import discover
from ..agent.driver_report import NO_ANSWER
from ..errors import Json, SaturnError
from ..nvidia_smi import find_tool, gibibytes
from .driver_words import driver_words
from .finding import Finding
from .machine import Machine

if TYPE_CHECKING:
    from ..training.runtime.torch_probe import TorchAnswer

_INSTALL = "Install a build for this driver: https://pytorch.org/get-started/locally"
_ANY_GPU = (
    "Nothing, where there is no GPU. Else look at nvidia-smi and at CUDA_VISIBLE_DEVICES; in a "
    "container, whether it was started with --gpus all."
)
_HARMLESS = frozenset({"gpu-busy", "gpu-order", "gpu-unsupported"})
"""Codes of notices on GPUs that work, or never would; what others tell of is lost to training."""


def check_devices(machine: Machine) -> Finding:
    """What sessions would train on, and what they would not. Raises like `discover`."""
    node = machine.node
    devices, notices = node["devices"], node.get("notices", [])
    told = ", ".join(
        f"{each['id']} {each['name']} {gibibytes(each['memoryBytes'])}" for each in devices
    )
    facts: Json = {"devices": devices, "software": node.get("software"), "notices": notices}
    silent = any(NO_ANSWER in notice["message"] for notice in notices)
    facts |= {"driver": driver_words()} if (machine.gpus or notices) and not silent else {}
    why = None if machine.gpus or notices else _why_none()
    if why is not None:
        return Finding("devices", "warning", f"{why.message} Used: {told}.", _ANY_GPU, facts)
    if not notices:
        return Finding("devices", "ok", f"{told}.", facts=facts)
    seen = " ".join([*(notice["message"] for notice in notices), f"Used by themselves: {told}."])
    hints = list(dict.fromkeys(notice["hint"] for notice in notices if "hint" in notice))
    if len(hints) > 1:
        hints = [f"{hint.rstrip('.')}." for hint in hints]
    works = all(notice["code"] in _HARMLESS for notice in notices)
    return Finding(
        "devices", "warning" if works else "broken", seen, " ".join(hints) or None, facts
    )


def _why_none() -> SaturnError | None:
    """Why no GPU is used where the driver's tool is installed, so that there may be one."""
    if find_tool() is None:
        return None
    try:
        discover({"kind": "cuda"})
    except SaturnError as error:
        return error
    return None


def check_torch(machine: Machine) -> Finding:
    """Whether PyTorch can use the GPUs there are. Raises like `Machine.torch`."""
    answer = machine.torch
    seen = f"PyTorch {answer['torch']} ({_build(answer)})"
    facts = {"torch": answer}
    if not machine.gpus:
        return Finding(
            "PyTorch", "ok", f"{seen}, on {len(machine.node['devices'])} CPU devices.", facts=facts
        )
    if answer["why"] is not None:
        return Finding(
            "PyTorch",
            "broken",
            f"{seen} can use none of the {machine.gpus} GPUs: {answer['why'].rstrip('.')}.",
            _INSTALL,
            facts,
        )
    lacking = [gpu for gpu in answer["gpus"] if not gpu["covered"]]
    if lacking:
        major, minor = lacking[0]["capability"]
        return Finding(
            "PyTorch",
            "broken",
            f"{seen} holds no code for {lacking[0]['name']} (compute capability {major}.{minor}): "
            f"it is built for {', '.join(answer['archs'])}.",
            _INSTALL,
            facts,
        )
    wrong = [
        f"{gpu['name']} {number}: {problem}"
        for gpu in answer["gpus"]
        for number, problem in gpu["errors"].items()
    ]
    if wrong:
        return Finding(
            "PyTorch",
            "broken",
            f"{seen} does not compute: {'; '.join(wrong)}.",
            "Look for the GPU's errors (nvidia-smi -q, dmesg), and whether others use it.",
            facts,
        )
    if len(answer["gpus"]) != machine.visible:
        return Finding(
            "PyTorch",
            "broken",
            f"{seen} sees {len(answer['gpus'])} of {machine.visible} GPUs.",
            "Look at CUDA_VISIBLE_DEVICES and nvidia-smi -L; of MIG slices a process sees one.",
            facts,
        )
    return Finding(
        "PyTorch", "ok", f"{seen} computes right on {machine.visible} GPUs.", facts=facts
    )


def check_nccl(machine: Machine) -> Finding:
    """Whether ranks on several devices can talk to each other. Raises like `Machine.torch`."""
    answer = machine.torch
    has = [
        name
        for name, there in (("gloo", answer["gloo"]), (f"NCCL {answer['nccl']}", answer["nccl"]))
        if there
    ]
    facts = {"gloo": answer["gloo"], "nccl": answer["nccl"]}
    if machine.visible > 1 and answer["nccl"] is None:
        return Finding(
            "NCCL",
            "broken",
            f"PyTorch {answer['torch']} has no NCCL, by which GPUs talk.",
            _INSTALL,
            facts,
        )
    if not answer["gloo"]:
        return Finding(
            "NCCL",
            "broken",
            f"PyTorch {answer['torch']} has no gloo, by which ranks agree.",
            _INSTALL,
            facts,
        )
    needed = (
        ""
        if machine.visible > 1
        else ", which one GPU does without"
        if machine.gpus
        else ", which CPUs do without"
    )
    told = " and ".join(has) if answer["nccl"] else f"gloo; no NCCL{needed}"
    return Finding("NCCL", "ok", f"PyTorch brings {told}.", facts=facts)


def _build(answer: TorchAnswer) -> str:
    if answer["cuda"] is not None:
        return f"CUDA {answer['cuda']}"
    return "for CPUs" if answer["hip"] is None else f"ROCm {answer['hip']}"
