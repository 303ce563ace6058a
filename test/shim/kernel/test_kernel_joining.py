"""How other nodes are asked for, before anybody is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakes.shell import Shell
from jupyterlab_saturn.errors import Json, SaturnError
from jupyterlab_saturn.kernel.joining import bridge_request
from jupyterlab_saturn.kernel.session import Session


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        ({"ray": "auto"}, {"address": "auto"}),
        ({"ray": " 10.0.0.1:6379 "}, {"address": "10.0.0.1:6379"}),
        ({"ray": "auto", "nodes": 2, "open": True}, {"address": "auto", "nodes": 2, "open": True}),
        (
            {"ray": "auto", "gpu": 2},
            {"address": "auto", "devices": {"kind": "cuda", "count": 2}},
        ),
    ],
)
def test_what_is_asked_for(arguments: Json, request_: Json) -> None:
    assert bridge_request(**arguments) == {"ray": request_}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"ray": " "}, "bad-address"),
        ({"ray": "auto", "nodes": 0}, "bad-nodes"),
        ({"ray": "auto", "nodes": True}, "bad-nodes"),
        ({"ray": "auto", "memory": "4GB"}, "bad-devices"),
    ],
)
def test_what_makes_no_sense(arguments: Json, code: str) -> None:
    with pytest.raises(SaturnError) as refused:
        bridge_request(**arguments)
    assert refused.value.code == code


@pytest.mark.parametrize("options", [{"nodes": 2}, {"open": True, "cpu": 2}])
def test_what_goes_with_a_cluster_alone(tmp_path: Path, options: Any) -> None:
    with pytest.raises(SaturnError) as refused:
        Session("default", tmp_path).cluster(**options)
    assert refused.value.code == "bad-option"


@pytest.mark.parametrize(
    "line",
    [
        "cluster --ray",
        "cluster --nodes 2",
        "cluster --open",
        "cluster --local --cpu 2",
        "cluster --auto --ray auto",
    ],
)
def test_lines_that_make_no_sense(shell: Shell, line: str) -> None:
    error = shell.cell(f"%saturn {line}")
    assert isinstance(error, SaturnError)
    assert error.code == "bad-option"
