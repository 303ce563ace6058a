"""The mixed-integer program of the Saturn paper (PVLDB 17(4), section 4.2) in CBC, one thread.

As in the paper, gangs start on every device of theirs at once and pairs of jobs are ordered on
each device. The big constant is the horizon, not 1e10, which CBC's tolerances cannot tell from
infinity.
"""

from __future__ import annotations

import itertools
import time

import pulp
from instance import Instance, answer


def build(instance: Instance) -> tuple[pulp.LpProblem, pulp.LpVariable]:
    """The model and its makespan."""
    big = float(instance.horizon)
    problem = pulp.LpProblem("spase", pulp.LpMinimize)
    makespan = pulp.LpVariable("makespan", 0, big)
    problem += makespan
    devices = [(node, d) for node, size in enumerate(instance.nodes) for d in range(size)]
    start: list[pulp.LpVariable] = []
    length: list[pulp.LpAffineExpression] = []
    uses: list[dict[tuple[int, int], pulp.LpVariable]] = []
    for job, configs in enumerate(instance.jobs):
        choice = [pulp.LpVariable(f"x_{job}_{c}", cat="Binary") for c in range(len(configs))]
        place = [pulp.LpVariable(f"y_{job}_{n}", cat="Binary") for n in range(len(instance.nodes))]
        use = {d: pulp.LpVariable(f"o_{job}_{d[0]}_{d[1]}", cat="Binary") for d in devices}
        problem += pulp.lpSum(choice) == 1
        problem += pulp.lpSum(place) == 1
        problem += pulp.lpSum(use.values()) == pulp.lpSum(
            g * x for (g, _), x in zip(configs, choice, strict=True)
        )
        for (node, _), variable in use.items():
            problem += variable <= place[node]
        start.append(pulp.LpVariable(f"s_{job}", 0, big))
        length.append(pulp.lpSum(r * x for (_, r), x in zip(configs, choice, strict=True)))
        uses.append(use)
        problem += makespan >= start[job] + length[job]
    for a, b in itertools.combinations(range(len(instance.jobs)), 2):
        before = pulp.LpVariable(f"b_{a}_{b}", cat="Binary")
        for d in devices:
            apart = big * (2 - uses[a][d] - uses[b][d])
            problem += start[a] + length[a] <= start[b] + big * (1 - before) + apart
            problem += start[b] + length[b] <= start[a] + big * before + apart
    return problem, makespan


def solve(instance: Instance) -> None:
    problem, makespan = build(instance)
    solver = pulp.PULP_CBC_CMD(msg=False, threads=1, timeLimit=instance.seconds)
    began = time.perf_counter()
    problem.solve(solver)
    found = problem.sol_status in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible)
    # CBC's own bound is only in its log; a plan that it calls optimal is its bound.
    proven = problem.sol_status == pulp.LpSolutionOptimal
    value = makespan.value() if found else None
    answer(
        value,
        value if proven and value is not None else 0.0,
        pulp.LpSolution[problem.sol_status].lower(),
        time.perf_counter() - began,
    )


if __name__ == "__main__":
    solve(Instance.read())
