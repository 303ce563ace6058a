"""All cases, and what `%saturn check` says of each."""

from __future__ import annotations

import functools
from typing import Any

from fidelity_case import Inspect, cases
from fidelity_layouts import shared_bench

ALL = {case.name: case for case in cases()}


@functools.cache
def inspected(name: str) -> tuple[Any, Any, Any]:
    """The task's spec, its inspection, and why there is none."""
    bench = shared_bench()
    spec = bench.spec(ALL[name].factory)
    ((inspection, error),) = bench.do(1, Inspect(bench.paths, spec))
    return spec, inspection, error
