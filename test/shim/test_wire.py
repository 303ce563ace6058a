"""Both ends judge messages alike: these cases are also those of test/unit/wire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import SaturnError

CASES = json.loads((Path(__file__).parent.parent / "fixtures" / "messages.json").read_text())


def name(case: Any) -> str:
    return str(case.get("why") or case["message"]["type"])


@pytest.mark.parametrize("case", CASES, ids=name)
def test_messages_are_judged_alike_at_both_ends(case: Any) -> None:
    if case["code"] is None:
        wire.check(case["from"], case["message"])
        assert wire.decode(case["from"], wire.encode(case["from"], case["message"]))
    else:
        with pytest.raises(SaturnError) as refused:
            wire.check(case["from"], case["message"])
        assert refused.value.code == case["code"]


def test_what_is_no_json_is_refused() -> None:
    for noise in (b"", b"{", b"\xff"):
        with pytest.raises(SaturnError) as refused:
            wire.decode("engine", noise)
        assert refused.value.code == "bad-message"


def test_what_is_too_large_is_not_sent() -> None:
    spec = {
        "name": "a",
        "sweep": "f",
        "params": {"text": "x" * (4 * 2**20)},
        "seed": 0,
        "payload": "0123456789abcdef.pkl",
        "hash": "h",
    }
    with pytest.raises(SaturnError) as refused:
        wire.encode("client", wire.message("client", "tasks.add", {"tasks": [spec]}))
    assert refused.value.code == "too-large"


def test_ids_are_unique() -> None:
    assert wire.message("client", "ping")["id"] != wire.message("client", "ping")["id"]
