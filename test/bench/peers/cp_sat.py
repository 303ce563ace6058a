"""OR-Tools CP-SAT on a benchmark case, one worker.

An optional interval for each job, configuration and node; one of them is present; the devices of
a node are a cumulative resource. Equal jobs start in order, and the work fits into the devices.
"""

from __future__ import annotations

import time

from instance import Instance, answer
from ortools.sat.python import cp_model


def in_order(instance: Instance) -> list[dict[str, int]] | None:
    """The known plan with equal jobs renamed so that they start in order, as the model wants."""
    if instance.hint is None:
        return None
    hints: list[dict[str, int]] = []
    first = 0
    for job in range(1, len(instance.jobs) + 1):
        if job == len(instance.jobs) or instance.jobs[job] != instance.jobs[first]:
            hints += sorted(instance.hint[first:job], key=lambda known: known["start"])
            first = job
    return hints


def solve(instance: Instance) -> None:
    model = cp_model.CpModel()
    horizon = instance.horizon
    makespan = model.new_int_var(0, horizon, "makespan")
    on_node: list[list[tuple[cp_model.IntervalVar, int]]] = [[] for _ in instance.nodes]
    area = []
    starts = []
    hints = in_order(instance)
    for job, configs in enumerate(instance.jobs):
        start = model.new_int_var(0, horizon, f"start {job}")
        starts.append(start)
        known = hints[job] if hints else None
        if known:
            model.add_hint(start, known["start"])
        present = []
        for config, (devices, seconds) in enumerate(configs):
            for node, size in enumerate(instance.nodes):
                if devices > size:
                    continue
                chosen = model.new_bool_var(f"chosen {job} {config} {node}")
                present.append(chosen)
                on_node[node].append(
                    (
                        model.new_optional_fixed_size_interval_var(
                            start, seconds, chosen, f"run {job} {config} {node}"
                        ),
                        devices,
                    )
                )
                area.append(devices * seconds * chosen)
                model.add(makespan >= start + seconds).only_enforce_if(chosen)
                if known:
                    model.add_hint(chosen, (known["config"], known["node"]) == (config, node))
        model.add_exactly_one(present)
        if job > 0 and configs == instance.jobs[job - 1]:
            model.add(start >= starts[job - 1])
    for size, runs in zip(instance.nodes, on_node, strict=True):
        model.add_cumulative([run for run, _ in runs], [devices for _, devices in runs], size)
    model.add(sum(area) <= makespan * sum(instance.nodes))
    model.minimize(makespan)
    if hints:
        ends = [
            known["start"] + configs[known["config"]][1]
            for known, configs in zip(hints, instance.jobs, strict=True)
        ]
        model.add_hint(makespan, max(ends))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = instance.seconds
    solver.parameters.num_workers = 1
    began = time.perf_counter()
    status = solver.solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    answer(
        solver.objective_value if found else None,
        solver.best_objective_bound,
        solver.status_name(status).lower(),
        time.perf_counter() - began,
    )


if __name__ == "__main__":
    solve(Instance.read())
