"""By which address other nodes reach this one."""

from __future__ import annotations

import pytest
from jupyterlab_saturn.agent.node_address import VARIABLE, node_address
from jupyterlab_saturn.errors import SaturnError


def test_what_is_set_comes_before_what_is_told_and_that_before_what_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert node_address(peer="127.0.0.9") == "127.0.0.1"
    assert node_address("127.0.0.2", "127.0.0.9") == "127.0.0.2"
    monkeypatch.setenv(VARIABLE, "127.0.0.3")
    assert node_address("127.0.0.2", "127.0.0.9") == "127.0.0.3"


def test_the_way_to_a_peer_of_the_other_family_is_found_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert node_address(peer="::1") == "::1"


def test_a_name_that_leads_nowhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "no-such-host.invalid")
    with pytest.raises(SaturnError, match=r"no-such-host\.invalid leads nowhere") as refused:
        node_address()
    assert refused.value.code == "no-address"
