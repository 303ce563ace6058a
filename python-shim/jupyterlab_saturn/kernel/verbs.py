"""The words `%saturn` understands."""

from __future__ import annotations

from .task_options import MAKING_OPTIONS
from .verb import Option, Verb
from .wish_options import EARLY, EXCLUDE, WISH_OPTIONS

_YES = Option("--yes", "flag", "Also tasks that were trained, in whole or in part.")
VERBS = (
    Verb(
        "task",
        "Make tasks of the function this cell defines, one for each point of the sweep, or for as "
        "many as are wanted of it.",
        "%%saturn task --sweep lr=1e-5..1e-1 width=64,128 --points 30 --stop asha --by accuracy",
        MAKING_OPTIONS,
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
            EXCLUDE,
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
            EARLY,
            EXCLUDE,
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
            *WISH_OPTIONS,
        ),
    ),
    Verb(
        "run",
        "Train in the background, all tasks or those named; measures and plans what is missing.",
        "%saturn run",
        (
            EARLY,
            EXCLUDE,
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
            *WISH_OPTIONS,
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
            *WISH_OPTIONS,
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
        "Try again what failed or was not built, all or those named, beside what trains already.",
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
