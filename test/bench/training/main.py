"""``npm run bench:training``: what training through this package costs, as ratios in one run.

``main.py [--pairs N] [--turns N] [--megabytes N] [TECHNIQUE...]``
"""

from __future__ import annotations

import argparse

import fusion
import overhead
import starts

_GOALS = {"tiny": 1.05, "small": 1.02, "real": 1.02}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=30, help="windows of each side")
    parser.add_argument("--turns", type=int, default=5, help="starts of each kind")
    parser.add_argument("--megabytes", type=int, default=100, help="of a checkpoint")
    parser.add_argument("technique", nargs="*", help="only these, or only fusion")
    options = parser.parse_args()
    if options.technique == ["fusion"]:
        _fusion(options.pairs)
        return
    _overheads(options.technique, options.pairs)
    if not options.technique:
        _starts(options.turns)
        _switches(options.turns, options.megabytes)
        _prepared_switches(options.turns, options.megabytes)
        _fusion(options.pairs)


def _overheads(techniques: list[str], pairs: int) -> None:
    _say("A step through this package, by one written by hand = 1 (with 95 % intervals)")
    _say(f"{'':24}{'by hand':>12}  {'clock':>22}  {'processor':>22}")
    for technique, ranks, size in overhead.CASES:
        if techniques and technique not in techniques:
            continue
        found = overhead.measure(technique, ranks, size, pairs)
        goal = _GOALS[size]
        mark = "" if found.work.low <= goal else f"  above the goal of {goal}"
        _say(
            f"{f'{technique} on {ranks}, {size}':24}{found.bare * 1e3:9.1f} ms  "
            f"{_interval(found.clock):>22}  {_interval(found.work):>22}{mark}"
        )


def _starts(turns: int) -> None:
    found = starts.trial_starts(turns)
    _say(
        f"\nFrom the request of a trial to its first step: {found['zygote']:.2f} s through the "
        f"zygote, {found['cold']:.2f} s cold: {found['cold'] / found['zygote']:.0f} times as long."
    )


def _switches(turns: int, megabytes: int) -> None:
    found = starts.switch(megabytes, turns)
    _say(
        f"\nFrom the word to stop to the first step elsewhere, ddp on 2 to fsdp on 2, a checkpoint "
        f"of {megabytes} MB:\n{found['without']:.2f} s without saving and loading, "
        f"{found['with']:.2f} s with both ({found['save']:.2f} s until saved): "
        f"{found['with'] / found['without']:.1f} times as long."
    )


def _prepared_switches(turns: int, megabytes: int) -> None:
    found = starts.prepared_switch(megabytes, turns)
    alone = found["save"] + found["load"]
    _say(
        f"\nThe same switch to ranks that started meanwhile: {found['whole']:.2f} s, of which "
        f"saving takes {found['save']:.2f} s and loading {found['load']:.2f} s: "
        f"{found['whole'] - alone:.2f} s more."
    )


def _fusion(pairs: int) -> None:
    _say("\nk steps of one adapter each, by one step of all k in one run = 1 (processor)")
    _say(
        f"{'base':8}{'tokens a task':>14}"
        + "".join(f"{f'k={k}':>8}" for k in fusion.COUNTS)
        + f"{'bound':>8}"
    )
    for base, (samples, length), gains in fusion.table(max(3, pairs // 3)):
        ratios = "".join(f"{each.ratio:8.2f}" for each in gains)
        goal = (samples, length) == (1, 32) and gains[-1].ratio < 2
        mark = "  below the goal of 2 at k=8" if goal else ""
        _say(f"{base:8}{f'{samples} x {length}':>14}{ratios}{gains[-1].bound:8.2f}{mark}")


def _interval(ratio: overhead.Ratio) -> str:
    return f"{ratio.median:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
