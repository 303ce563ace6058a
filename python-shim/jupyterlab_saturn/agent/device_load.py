"""How busy a node's devices are while jobs have some of them."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Event
from typing import TYPE_CHECKING, NamedTuple, Protocol

import psutil

from ..nvidia_smi import MIB, PROCESSES, ask_tool, find_tool, processes_of
from ..plain_text import printable
from ..wire import message

if TYPE_CHECKING:
    from ..generated.wire_types import AgentMessage, Device, DeviceLoad, DevicesLoad, Node

_log = logging.getLogger(__name__)

SAMPLE_SECONDS = 2.0

_SHARE_OF_A_CORE = 0.05
"""Looking may not cost more: where it takes long, it is done less often."""

_PATIENCE_SECONDS = 10.0
_FIELDS = ("uuid", "utilization.gpu", "memory.used", "memory.total")
_QUERY = (f"--query-gpu={','.join(_FIELDS)}", "--format=csv,noheader,nounits")
_MOST_OTHERS = 8
_LONGEST_NAME = 200


class DeviceUser(Protocol):
    """A job that has devices."""

    @property
    def places(self) -> Sequence[tuple[str, int]]:
        """Ids of devices with the process ids of their ranks, each the leader of a session."""


class _Usage(NamedTuple):
    """What the processes of a session use: CPU seconds so far by process, and bytes of memory."""

    seconds: dict[tuple[int, float], float]
    bytes: int


class LoadSampler:
    """Tells how busy devices are, every now and then, as long as any job has one.

    Parameters
    ----------
    node
        The node as it is now.
    users
        The jobs that run.
    say
        Told each ``devices.load``.
    clock
        Seconds since the epoch.
    """

    def __init__(
        self,
        node: Callable[[], Node],
        users: Callable[[], Iterable[DeviceUser]],
        say: Callable[[AgentMessage], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._node = node
        self._users = users
        self._say = say
        self._clock = clock
        self._ended = Event()
        self._at: float | None = None
        self._seconds: dict[tuple[int, float], float] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        try:
            await self._look()
        finally:
            self._ended.set()  # a thread may be waiting for the driver, and the agent for it

    async def _look(self) -> None:
        pause = SAMPLE_SECONDS
        reason: type[Exception] | None = None
        while True:
            await asyncio.sleep(pause)
            pause = SAMPLE_SECONDS
            places = [place for user in self._users() for place in user.places]
            if not places:
                self._at = None
                continue
            began = time.monotonic()
            try:
                load = await asyncio.to_thread(self.sample, self._node(), places)
                if load is not None:
                    self._say(message("agent", "devices.load", load))
            except Exception as error:  # it is worth the end of nothing that trains
                if type(error) is not reason:  # it may be so for days
                    _log.warning("How busy the devices are cannot be told: %r", error)
                reason = type(error)
            pause = max(pause, (time.monotonic() - began) / _SHARE_OF_A_CORE)

    def sample(self, node: Node, places: Sequence[tuple[str, int]]) -> DevicesLoad | None:
        """What the devices did since the last time; None the first time, which only looks.

        Parameters
        ----------
        places
            Devices with the leaders of the process sessions that have them.

        Raises
        ------
        OSError, subprocess.SubprocessError
            When the driver's tool does not run, or does not answer.
        """
        now = self._clock()
        last, self._at = self._at, now
        usage = _usage({pid: device for device, pid in places})
        before, self._seconds = self._seconds, _merged(each.seconds for each in usage.values())
        if last is None or now <= last:
            return None
        cpus = [device for device in node["devices"] if device["kind"] == "cpu"]
        gpus = [device for device in node["devices"] if device["kind"] == "cuda"]
        loads = [_cpu_load(device, usage.get(device["id"]), before, now - last) for device in cpus]
        if gpus:
            loads += _gpu_loads(gpus, {pid for _, pid in places}, self._ended)
        return {"node": node["id"], "time": now, "seconds": now - last, "devices": loads}


def _merged(parts: Iterable[dict[tuple[int, float], float]]) -> dict[tuple[int, float], float]:
    return {key: value for part in parts for key, value in part.items()}


def _usage(owners: dict[int, str]) -> dict[str, _Usage]:
    """What the sessions of some leaders use, by device."""
    found: dict[str, _Usage] = {}
    # Of others nothing but their session is read: a machine may have thousands.
    for pid in psutil.pids():  # type: ignore[no-untyped-call]
        with contextlib.suppress(OSError, psutil.Error):
            device = owners.get(os.getsid(pid))
            if device is None:
                continue
            process = psutil.Process(pid)  # type: ignore[no-untyped-call]
            with process.oneshot():
                times, memory = process.cpu_times(), process.memory_info()
                key = pid, process.create_time()  # type: ignore[no-untyped-call]
            seconds, size = found.get(device, _Usage({}, 0))
            seconds[key] = times.user + times.system
            # What ranks share with the zygote they were forked from is not theirs; the budget
            # does not count it either. Linux alone tells it.
            own = memory.rss - getattr(memory, "shared", 0)
            found[device] = _Usage(seconds, size + own)
    return found


def _cpu_load(
    device: Device, usage: _Usage | None, before: dict[tuple[int, float], float], seconds: float
) -> DeviceLoad:
    worked = sum(
        # One that is new began in the meantime.
        spent - before.get(process, 0.0)
        for process, spent in (usage.seconds.items() if usage else ())
    )
    cores = max(1, len(device.get("cores", ())))
    return {
        "id": device["id"],
        "load": round(min(1.0, max(0.0, worked / seconds / cores)), 3),
        "memoryBytes": usage.bytes if usage else 0,
        "totalBytes": device["memoryBytes"],
    }


def _gpu_loads(devices: Sequence[Device], own: set[int], ended: Event) -> list[DeviceLoad]:
    """Of GPUs as the driver tells it. It tells nothing of the slices of one (MIG).

    Parameters
    ----------
    own
        Leaders of the sessions of this agent's ranks.
    ended
        Set when nobody wants to know any more.
    """
    tool = find_tool()
    if tool is None:
        return []
    until = time.monotonic() + _PATIENCE_SECONDS
    told, computing = (
        ask_tool(tool, *words, seconds=until - time.monotonic(), unwanted=ended)
        for words in (_QUERY, PROCESSES)
    )
    rows, users = dict(_rows(told)), processes_of(computing)
    loads: list[DeviceLoad] = []
    for device in devices:
        uuid = device.get("uuid", "")
        row = rows.get(uuid)
        if row is None:
            continue
        load: DeviceLoad = {"id": device["id"]}
        share, used, total = row
        if share is not None:
            load["load"] = min(1.0, share / 100)
        if used is not None:
            load["memoryBytes"] = used * MIB
        if total is not None:
            load["totalBytes"] = total * MIB
        others = [
            printable(str(user))[:_LONGEST_NAME]
            for user in users.get(uuid, ())
            if _session_of(user.pid) not in own
        ]
        if others:
            load["others"] = others[:_MOST_OTHERS]
        loads.append(load)
    return loads


def _rows(said: str) -> Iterator[tuple[str, tuple[int | None, int | None, int | None]]]:
    for row in csv.reader(said.splitlines(), skipinitialspace=True):
        if len(row) == len(_FIELDS):
            yield row[0], (_number(row[1]), _number(row[2]), _number(row[3]))


def _number(told: str) -> int | None:
    digits = told.split(" ")[0]
    return int(digits) if digits.isdigit() else None


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0
