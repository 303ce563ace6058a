"""One process of a rank group: ``python -m jupyterlab_saturn.training.rank REQUEST RANK [PID]``.

The parent's process id, when given, tells a parent that died before this process began.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SaturnError
from .runtime import network_namespace, parent_death

if TYPE_CHECKING:
    from .runtime.device import RankDevice
    from .runtime.event_sender import EventSender
    from .runtime.group_orders import GroupOrders
    from .runtime.network_namespace import NetworkNamespace
    from .runtime.node_meeting import NodeMeeting
    from .runtime.rank_request import RankRequest

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_PEER_LOST = 3
"""Another rank is gone; this one has nothing to report."""
EXIT_UNHEARD = 4
"""The folder of the agent's socket was removed; nothing could be reported."""


def main(request_path: str, rank: int, parent: int | None = None) -> int:
    """Do a rank's part of a request.

    Dies with its parent. SIGTERM makes training commit a checkpoint and end; SIGUSR1 writes the
    stack of the main thread to stderr.

    Parameters
    ----------
    parent
        Process id of the parent, if known.

    Returns
    -------
    int
        Exit status: 0 when done or stopped as asked; 1 after telling the agent of a failure;
        3 when another rank vanished, 4 when the agent's socket has.
    """
    refusal: SaturnError | None = None
    network: NetworkNamespace | None = None
    try:
        network = network_namespace.of_request(request_path)  # while there is one thread
    except SaturnError as error:
        refusal = error
    # After it: another user namespace takes the bond away.
    parent_death.bind(parent)
    # This thread only: the frames of another may change under the reader, which then crashes.
    faulthandler.register(signal.SIGUSR1, all_threads=False)
    # Imports torch: only now that the process cannot be left behind, and it takes seconds.
    from .runtime.event_sender import EventSender
    from .runtime.group_orders import GroupOrders
    from .runtime.rank_request import RankRequest
    from .runtime.scratch_folder import use_scratch

    request = RankRequest.read(request_path)
    try:
        use_scratch(request.scratch)
        line = EventSender(request.events, request.job, rank)
    except (FileNotFoundError, ConnectionRefusedError):
        traceback.print_exc()
        return EXIT_UNHEARD
    orders = GroupOrders(Path(request_path)) if request.kind == "train" else None
    with line as events:
        try:
            if refusal is not None:
                raise refusal
            _work(request, rank, events, orders, network)
        except BaseException as error:  # PyTorch has errors that are no Exception
            with contextlib.suppress(OSError):  # of a log for which there is no room
                traceback.print_exc()
            return _report(error, events)
    return EXIT_OK


def _work(
    request: RankRequest,
    rank: int,
    events: EventSender,
    orders: GroupOrders | None,
    network: NetworkNamespace | None,
) -> None:
    from .runtime.world import enter_world

    enter_world(request.paths, request.tasks[0].get("world"))
    if request.kind == "inspect":
        from .inspect.inspection_pool import inspect_tasks

        inspect_tasks(request, events)
        return

    from .runtime.device import claim

    if request.launch_blocking:
        os.environ["CUDA_LAUNCH_BLOCKING"] = "1"  # read when CUDA starts
    if orders is not None and request.devices[0]["kind"] == "cuda":
        orders.wait(events)  # a context on a GPU takes of the memory that another has still
    device = claim(request.devices, rank)
    try:
        _train(request, rank, device, events, orders, network)
    except BaseException as error:
        blamed = device.blame(error)
        if blamed is error:
            raise
        raise blamed from error


def _train(
    request: RankRequest,
    rank: int,
    device: RankDevice,
    events: EventSender,
    orders: GroupOrders | None,
    network: NetworkNamespace | None,
) -> None:
    from .native.native_jobs import train_natively, try_natively
    from .run.group_training import GroupTraining
    from .run.trial import run_trial
    from .runtime.process_group import ProcessGroup
    from .techniques.native import Native

    world = ProcessGroup.join(
        request.first_rank + rank,
        request.world_size,
        device.torch_device,
        request.rendezvous,
        patience=request.patience,
        silence=request.silence,
        network=network,
        across=_meeting_of(request, events),
    )
    device.limit_memory()
    if request.strategy["technique"] == Native.name:
        if orders is None:
            try_natively(request, world, device, events)
        else:
            train_natively(request, world, device, events, orders)
    elif orders is None:
        run_trial(request, world, device, events)
    else:
        GroupTraining(request, world, device, events, orders).run()
    world.leave()


def _meeting_of(request: RankRequest, events: EventSender) -> NodeMeeting | None:
    from .runtime.node_meeting import NodeMeeting

    part = request.part
    if part is None or request.rendezvous is None:
        return None
    return NodeMeeting(
        ranks=len(request.devices),
        address=request.address,
        rendezvous=request.rendezvous,
        told=part.get("meeting"),
        tell=lambda meeting: events.emit({"kind": "meets", "meeting": meeting}),
    )


def _report(error: BaseException, events: EventSender) -> int:
    from .runtime.failure import describe, is_peer_lost

    if is_peer_lost(error):
        # The rank that ended first has told why, or was killed: then the group is lost.
        return EXIT_PEER_LOST
    failure = describe(error, "training-failed")
    match failure["code"]:
        case "out-of-memory":
            events.emit({"kind": "oom", "error": failure})
        case (
            "loader-died"
            | "rank-hung"
            | "device-lost"
            | "device-busy"
            | "device-shared"
            | "stranger-met"
            | "no-network"
            | "late-commit"
            | "fellow-failed"
        ):
            events.emit({"kind": "lost", "error": failure})
        case _:
            events.emit({"kind": "failed", "error": failure})
    return EXIT_FAILED


if __name__ == "__main__":
    code = main(sys.argv[1], *map(int, sys.argv[2:]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # the clean-up of a broken process group may wait for ranks that are gone
