"""What the fake ``nvidia-smi`` says of a card as XML (``-q -x``), and its units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fake_driver import Card


def bus_id(index: int) -> str:
    return f"00000000:{index + 1:02X}:00.0"


def mebibytes(size: int | str, how: str) -> str:
    return f"{size} MiB" if isinstance(size, int) and "nounits" not in how else str(size)


def free_memory(total: int | str, used: int | str) -> str:
    if isinstance(total, int) and isinstance(used, int):
        return str(total - used)
    return str(total)


def gpu_element(index: int, card: Card) -> Iterator[str]:
    mode = {None: "N/A", True: "Enabled", False: "Disabled"}[card.mig]
    yield f'<gpu id="{bus_id(index)}">'
    yield f"<product_name>{card.name}</product_name><uuid>{card.uuid}</uuid>"
    yield f"<compute_mode>{card.mode}</compute_mode>"
    yield f"<mig_mode><current_mig>{mode}</current_mig><pending_mig>{mode}</pending_mig></mig_mode>"
    yield "<mig_devices>" if card.slices else "<mig_devices>None</mig_devices>"
    for number, part in enumerate(card.slices):
        yield f"<mig_device><index>{number}</index>"
        yield f"<gpu_instance_id>{part.instance}</gpu_instance_id>"
        yield f"<compute_instance_id>{part.compute}</compute_instance_id>"
        yield f"{_memory_element(part.total, part.used)}</mig_device>"
    if card.slices:
        yield "</mig_devices>"
    yield _memory_element(card.total, card.used)
    yield "<processes>"
    for one in card.processes:
        yield (
            "<process_info>"
            f"<gpu_instance_id>{'N/A' if one.instance is None else one.instance}</gpu_instance_id>"
            f"<pid>{one.pid}</pid><type>C</type><process_name>{one.name}</process_name>"
            f"<used_memory>{mebibytes(one.used, '')}</used_memory></process_info>"
        )
    yield "</processes></gpu>"


def _memory_element(total: int | str, used: int | str) -> str:
    parts = {"total": total, "used": used, "free": free_memory(total, used)}
    told = {name: mebibytes(_number(amount), "") for name, amount in parts.items()}
    inner = "".join(f"<{name}>{amount}</{name}>" for name, amount in told.items())
    return f"<fb_memory_usage>{inner}</fb_memory_usage>"


def _number(size: int | str) -> int | str:
    return int(size) if str(size).isdigit() else str(size).strip("[]")
