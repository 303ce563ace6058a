"""The words `%saturn` understands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["flag", "int", "number", "text", "list", "sweep"]


@dataclass(frozen=True)
class Option:
    """An option of a verb. `kind` says what follows it on the line."""

    name: str
    kind: Kind
    help: str
    example: str = ""


@dataclass(frozen=True)
class Verb:
    """Something `%saturn` does. `names` is what may stand without an option: tasks, a session."""

    name: str
    help: str
    example: str
    options: tuple[Option, ...] = ()
    names: str = ""
    is_cell: bool = False


_YES = Option("--yes", "flag", "Also tasks that were trained, in whole or in part.")
_EXCLUDE = Option("--exclude", "list", "Techniques not to use; none lifts it.", "fsdp,ddp")
_EARLY = Option(
    "--early",
    "text",
    "All tasks reach this share of their steps, and are evaluated there, before any goes on.",
    "10%",
)

_TASK_WISHES = (
    Option("--deadline", "text", "To be done by then; none takes it back.", "18:30"),
    Option("--start", "text", "Not to start before; a time as for --deadline.", "+2h"),
    Option("--priority", "text", "How much an early end counts; else 1.", "3"),
    Option(
        "--pin",
        "text",
        "Where and how it has to run: technique, number of devices, node, device; or a strategy as "
        'the plan says it: "strategy=fsdp x2 reshard=false".',
        "technique=fsdp,devices=2",
    ),
)
_WISHES = (
    *_TASK_WISHES,
    Option("--at-most", "text", "So many tasks train at once.", "4"),
    Option("--device-hours", "text", "What all training from now on may take.", "12"),
    Option("--budget", "text", "What all training from now on may cost, by --price.", "30"),
    Option("--price", "text", "What a device costs an hour: of all nodes, or by node.", "n1=2.5"),
    Option(
        "--objective",
        "text",
        "What to make small: makespan, or weighted-completion as with priorities.",
        "makespan",
    ),
    Option("--keep-free", "text", "Devices to leave alone: how many, or their names.", "cuda0"),
    Option(
        "--span",
        "text",
        "A task may train over so many nodes: its ranks then meet on the network between them, "
        "open to whoever reaches it.",
        "2",
    ),
    Option(
        "--fuse",
        "text",
        "Whether adapters of one frozen model may be trained in one run, where that is faster: "
        "auto or never.",
        "never",
    ),
)

VERBS = (
    Verb(
        "task",
        "Make tasks of the function this cell defines, one for each point of the sweep, or for as "
        "many as are wanted of it.",
        "%%saturn task --sweep lr=1e-5..1e-1 width=64,128 --points 30 --stop asha --by accuracy",
        (
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
                "numbers asha:eta=4,first=2, or asha:promote; or pbt, where the worst give way to "
                "others that go on from the best, with what has a range changed a little. None "
                "when absent.",
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
            *_TASK_WISHES,
        ),
        is_cell=True,
    ),
    Verb(
        "cluster",
        "Choose the devices to train on, also of other nodes; show them when no option is given.",
        "%saturn cluster --cpu 2 --memory 4GB",
        (
            Option("--cpu", "int", "So many virtual CPU devices.", "2"),
            Option("--memory", "text", "Memory limit of each virtual CPU device.", "4GB"),
            Option("--gpu", "text", "So many GPUs, or all.", "all"),
            Option("--auto", "flag", "The GPUs there are, else the CPU."),
            Option("--node", "text", "The node whose devices these are, not of each.", "gpu-1"),
            Option(
                "--ray",
                "text",
                "Train on the nodes of a Ray cluster as well: that to which this machine belongs "
                "(auto), or that at an address. --cpu, --memory and --gpu then say which devices "
                "of each other node.",
                "auto",
            ),
            Option("--nodes", "int", "With --ray: so many nodes at most, this one included.", "4"),
            Option(
                "--open",
                "flag",
                "With --ray: also where anybody who reaches the cluster may run code as you.",
            ),
            Option(
                "--reserve",
                "flag",
                "With --ray: have Ray keep its nodes from others as long as there is work.",
            ),
            Option("--local", "flag", "Leave the Ray cluster: what trains there goes on here."),
        ),
    ),
    Verb(
        "check",
        "Show what can run each task on how many devices, what not and why. Trains nothing.",
        "%saturn check",
        names="tasks",
    ),
    Verb(
        "technique",
        "Train with techniques of your own: register one of a module, or define one in a cell "
        "that begins with %%saturn technique NAME; list, check or remove them.",
        "%saturn technique register mypackage.zero:Zero --name zero",
        (
            Option("--name", "text", "What register calls it: the name of the class.", "zero"),
            Option("--devices", "list", "Numbers of ranks that check tries.", "1,2,4"),
        ),
        names="technique",
        is_cell=True,
    ),
    Verb(
        "profile",
        "Measure a few steps of the tasks, under those strategies that could change the plan.",
        "%saturn profile",
        (
            Option("--force", "flag", "Measure again what is measured, also in earlier sessions."),
            Option("--full", "flag", "Measure every strategy."),
            _EXCLUDE,
            Option("--detach", "flag", "Return at once; measuring goes on."),
        ),
    ),
    Verb(
        "cache",
        "Show what is remembered of all measurements, for later sessions.",
        "%saturn cache --clear",
        (
            Option("--clear", "flag", "Forget the measurements of this session's tasks."),
            Option("--all", "flag", "With --clear: forget all measurements."),
        ),
    ),
    Verb(
        "plan",
        "Choose technique, devices and start of every task; measures first what is missing.",
        "%saturn plan --seconds 2 --exclude fsdp",
        (
            Option("--seconds", "number", "How long to search.", "2"),
            _EARLY,
            _EXCLUDE,
            Option(
                "--use",
                "text",
                "Follow a plan of your own, in a file, or that of a rule it is compared with.",
                "plan.json",
            ),
            Option(
                "--at",
                "text",
                "Make none; show it as it was then: a time, or the number that status gives it.",
                "14:02",
            ),
            *_WISHES,
        ),
    ),
    Verb(
        "run",
        "Train in the background, all tasks or those named; measures and plans what is missing.",
        "%saturn run",
        (
            _EARLY,
            _EXCLUDE,
            Option(
                "--switch",
                "text",
                "Whether tasks that train are moved: never, when news makes it pay (pays), or also "
                "where the plan says so beforehand (planned).",
                "never",
            ),
            Option(
                "--keep",
                "flag",
                "Keep the last checkpoint of each task that finishes, optimizer and all; else its "
                "model is what stays.",
            ),
            *_WISHES,
        ),
        names="tasks",
    ),
    Verb(
        "wish",
        "Ask something of the plan, also while tasks train: of the tasks named, or of all; none "
        "takes it back.",
        "%saturn wish digits-mlp-32-1e-3 --deadline +2h",
        (
            Option("--clear", "flag", "First take back all that was asked, of the tasks named."),
            *_WISHES,
        ),
        names="tasks",
    ),
    Verb(
        "wait",
        "Wait until the training is over; an error when tasks failed, so that a notebook that runs "
        "by itself stops there.",
        "%saturn wait",
        (Option("--quiet", "flag", "No error when tasks failed."),),
    ),
    Verb(
        "log",
        "Show the curves of a task and its last steps, and the end of what it has printed: when it "
        "was built, and when it was last trained.",
        "%saturn log digits-mlp-32-1e-3",
        (
            Option("--steps", "int", "So many steps; 10 when absent.", "50"),
            Option("--lines", "int", "So many lines; 40 when absent.", "100"),
        ),
        names="task",
    ),
    Verb(
        "track",
        "Tell an experiment tracker of all tasks, also of those that are over: tensorboard, mlflow "
        "(with the address of a server or database after it), wandb or trackio. Alone: show what "
        "is told where, and how far.",
        "%saturn track tensorboard",
        (
            Option("--project", "text", "What it is filed under; the session's name.", "digits"),
            Option("--online", "flag", "Weights & Biases: over the network; else into files."),
            Option("--off", "flag", "Tell the tracker named no more, or none."),
        ),
        names="tracker",
    ),
    Verb("status", "Show in a table how far every task is now.", "%saturn status"),
    Verb("show", "Show the schedule, live: it follows what happens.", "%saturn show"),
    Verb(
        "view",
        "Show the session in a tab of JupyterLab, which needs neither notebook nor kernel.",
        "%saturn view",
    ),
    Verb("results", "Show the leaderboard.", "%saturn results"),
    Verb(
        "stop",
        "Save and stop, everything or the tasks named; the others go on, and have the devices.",
        "%saturn stop digits-mlp-32-1e-3",
        names="tasks",
    ),
    Verb(
        "resume",
        "Go on with tasks that were stopped, all or those named, beside what trains already.",
        "%saturn resume digits-mlp-32-1e-3",
        names="tasks",
    ),
    Verb(
        "retry",
        "Try again what failed, all or those named, beside what trains already.",
        "%saturn retry digits-mlp-32-1e-3",
        names="tasks",
    ),
    Verb(
        "clone",
        "Make a task of another one with other values, from scratch or from weights of that one.",
        "%saturn clone digits-mlp-32-1e-3 lr=1e-4 --from last --name mlp-slow",
        (
            Option("--name", "text", "Of the clone; made of the edits when absent.", "mlp-slow"),
            Option(
                "--from",
                "text",
                "Weights to begin with: scratch (the function's own, when absent too), those the "
                "task began with (start), saved last (last), evaluated best (best), or saved after "
                "so many steps. Optimizer, schedule and order of the data are new.",
                "last",
            ),
            Option("--epochs", "number", "Passes over the data; as of the task when absent.", "2"),
            Option("--steps", "int", "Optimizer steps, instead of epochs.", "500"),
            Option("--seed", "int", "Seed; that of the task when absent.", "1"),
        ),
        names="tasks",
    ),
    Verb(
        "remove",
        "Take tasks out, also while they train: at once, and without saving.",
        "%saturn remove digits-mlp-32-1e-3",
        (_YES,),
        names="tasks",
    ),
    Verb("reset", "Take out all tasks; what was measured is kept.", "%saturn reset", (_YES,)),
    Verb(
        "export",
        "Write a file that works alone: the report (.html), the schedule (.svg), the tasks with "
        "their results (.csv) or the plan (.json).",
        "%saturn export sweep.html",
        names="file",
    ),
    Verb(
        "push",
        "Make a trained model's folder ready for others, with a card, and send it to the Hugging "
        "Face Hub, if a repository is named.",
        "%saturn push digits-mlp-32-1e-3 user/digits",
        (Option("--public", "flag", "A repository that is made is for everybody."),),
        names="tasks",
    ),
    Verb(
        "session",
        "Show the session, or go to another.",
        "%saturn session vision",
        names="session",
    ),
    Verb(
        "doctor",
        "Look at this machine, and train on it for a few seconds: what works, what does not, and "
        "what to do about it.",
        "%saturn doctor",
        (
            Option("--deep", "flag", "Try every technique, and faults, too: ten minutes."),
            Option("--json", "text", "Where the report for a bug report goes.", "doctor.json"),
        ),
    ),
    Verb("help", "Show this, or all about one verb.", "%saturn help plan", names="verb"),
)
