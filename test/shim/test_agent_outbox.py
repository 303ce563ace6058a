from __future__ import annotations

from jupyterlab_saturn import wire
from jupyterlab_saturn.agent.outbox import Outbox


def test_what_is_not_acknowledged_is_kept_in_order() -> None:
    outbox = Outbox()
    said = [wire.message("group.event", {"n": n}) for n in range(4)]
    for envelope in said:
        outbox.keep(envelope)
    assert outbox.acknowledge(said[1]["id"])
    assert not outbox.acknowledge(said[1]["id"])
    assert not outbox.acknowledge("never-said")
    assert outbox.pending() == [said[0], said[2], said[3]]
    assert outbox.pending() == [said[0], said[2], said[3]]
