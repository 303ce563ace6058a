"""The options of `%%saturn task`."""

from __future__ import annotations

from .verb import Option
from .wish_options import TASK_OPTIONS

#: How tasks are made of a function, and what is asked of the plan for them.
MAKING_OPTIONS = (
    Option(
        "--sweep",
        "sweep",
        "Parameters of the function and their values: numbers, True, False, None, texts "
        "(quoted where they hold commas) and lists. A list alone is the list of values, "
        "also one of the notebook: lr={rates}. Or ranges: lr=1e-5..1e-1 (by logarithm over "
        "more than a factor of 100; log: or lin: before it says which), layers=2..8 (whole "
        "numbers), layers=2..8:2 (in steps of 2).",
        "lr=1e-5..1e-1 width=64,128",
    ),
    Option(
        "--points",
        "int",
        "How many points to try: needed for ranges; of a grid, instead of all.",
        "30",
    ),
    Option(
        "--search",
        "text",
        "What chooses points: tpe (learns from those before, by Optuna; so it is where "
        "that is installed and --by is given), random, or qmc (spread evenly).",
        "tpe",
    ),
    Option(
        "--stop",
        "text",
        "Give up early what will hardly be the best, by a rule: asha or median, with its "
        "numbers asha:eta=4,first=2, or asha:promote; or pbt, where the worst give way to others "
        "that go on from the best, with what has a range changed a little. None when absent.",
        "asha",
    ),
    Option(
        "--by",
        "text",
        "The metric that makes a model the better one: accuracy, -loss (less is better), "
        "max:bleu. Of names that are not known say whether max or min.",
        "accuracy",
    ),
    Option("--epochs", "number", "Passes over the data, instead of the Task's.", "2"),
    Option("--steps", "int", "Optimizer steps, instead of epochs.", "500"),
    Option("--seed", "int", "Seed of every task; 0 when absent.", "1"),
    Option(
        "--factory",
        "text",
        "The function, when it is not the cell's last; there need be no cell then: %saturn "
        "task --factory digits",
        "digits",
    ),
    Option("--native", "flag", "The function trains by its own loop: run it as it is."),
    Option("--replace", "flag", "Put these in the place of tasks of the same names."),
    Option("--wait", "flag", "Wait until all are built, and fail when none can be."),
    *TASK_OPTIONS,
)
