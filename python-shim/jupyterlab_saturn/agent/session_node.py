"""The node of an agent, as its session knows it: name, devices, software."""

from __future__ import annotations

import asyncio
import json
import logging
import platform
import secrets
import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from ..errors import SaturnError, failure_of
from ..paths import SessionPaths
from ..whole_files import write_json
from .device_discovery import discover
from .software_versions import node_versions

if TYPE_CHECKING:
    from ..generated.wire_types import AgentHello, ClusterReport, DeviceRequest, Node
    from .agent_jobs import JobsReport

_log = logging.getLogger(__name__)


class SessionNode:
    """Knows what this node has, and finds its devices.

    Parameters
    ----------
    paths
        Of the session, as this node has them; they say its name, else that is the machine's.
    address
        Of this machine, as other nodes reach it, where somebody knows it.

    Attributes
    ----------
    now
        The wire ``Node``, once its devices were looked for.
    """

    def __init__(self, paths: SessionPaths, address: str | None = None) -> None:
        self._paths = paths
        self._address = address
        self._instance = secrets.token_hex(8)
        self._discovering = asyncio.Lock()
        self.now: Node

    async def discover(self) -> None:
        """Look for the devices that the session had here, or for what there is."""
        self.now = await asyncio.to_thread(self._discover_again)

    async def choose(self, request: DeviceRequest, held: Collection[str]) -> ClusterReport:
        """Look for the devices that are asked for, which are chosen from then on.

        Parameters
        ----------
        held
            UUIDs of devices that jobs of this session hold.

        Returns
        -------
        ClusterReport
            Says why not, if they are not to be had: all is as before then.
        """
        async with self._discovering:
            try:
                self.now = await asyncio.to_thread(self._discover, request, held)
                write_json(self._paths.devices, request)
            except Exception as error:
                return {"node": self.now, "error": failure_of(error)}
            return {"node": self.now}

    def hello(self, jobs: JobsReport) -> AgentHello:
        """How it is introduced to an engine, with what is under way here."""
        hello: AgentHello = {
            "node": self.now,
            "instance": self._instance,
            "host": platform.node(),
            "versions": node_versions(),
            "time": time.time(),
            "groups": jobs["groups"],
            "trials": jobs["trials"],
            "inspecting": jobs["inspecting"],
        }
        if self._paths.node is not None:
            hello["far"] = True
        if self._address is not None:
            hello["address"] = self._address
        return hello

    def _discover_again(self) -> Node:
        try:
            return self._discover(json.loads(self._paths.devices.read_text("utf-8")))
        except FileNotFoundError:
            pass
        except (SaturnError, ValueError) as error:
            _log.warning("The session's devices are not to be had. %s", error)
        return self._discover({"kind": "auto"})

    def _discover(self, request: DeviceRequest, held: Collection[str] = ()) -> Node:
        found = discover(request, held)
        return found if self._paths.node is None else {**found, "id": self._paths.node}
