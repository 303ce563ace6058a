"""Nodes that are unlike this one are refused, each by what is unlike."""

from __future__ import annotations

import pytest
from jupyterlab_saturn.cluster.node_look import NodeLook, look
from jupyterlab_saturn.cluster.ray_transport import require_alike
from jupyterlab_saturn.cluster.transport import ClusterNode
from jupyterlab_saturn.errors import SaturnError

NODE = ClusterNode("1" * 8, "gpu-7", "10.0.0.7", False)


@pytest.mark.parametrize(
    ("unlike", "code", "said"),
    [
        ({"python": "3.9.1"}, "other-versions", "Node gpu-7 has Python 3.9.1"),
        ({"package": "0.0.1"}, "other-versions", "Node gpu-7 has jupyterlab-saturn 0.0.1"),
        ({"package": None}, "other-versions", "is not installed on node gpu-7"),
        ({"user": -1}, "wrong-user", "as another user (id -1)"),
    ],
)
def test_what_is_unlike_is_named(unlike: NodeLook, code: str, said: str) -> None:
    with pytest.raises(SaturnError) as refused:
        require_alike(NODE, {**look(), **unlike})
    assert refused.value.code == code
    assert said in refused.value.message and refused.value.hint


def test_one_that_is_alike_is_welcome() -> None:
    require_alike(NODE, look())
