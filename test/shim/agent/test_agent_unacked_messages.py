from __future__ import annotations

from jupyterlab_saturn import wire
from jupyterlab_saturn.agent.unacked_messages import UnackedMessages


def test_what_is_not_acknowledged_is_kept_in_order() -> None:
    unacked = UnackedMessages()
    said = [wire.message("agent", "trial.result", {"trial": f"t{n}"}) for n in range(4)]
    for envelope in said:
        unacked.keep(envelope)
    assert unacked.acknowledge(said[1]["id"])
    assert not unacked.acknowledge(said[1]["id"])
    assert not unacked.acknowledge("never-said")
    assert unacked.pending() == [said[0], said[2], said[3]]
    assert unacked.pending() == [said[0], said[2], said[3]]
