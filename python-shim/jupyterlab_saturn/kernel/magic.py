"""`%saturn` and `%%saturn task`: one line of words in, one call of the Python API out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython.core.magic import Magics, line_cell_magic, magics_class

from ..errors import SaturnError
from . import cluster_magic, doctor_report, task_magic, technique_magic
from .display import note, show
from .help_text import overview, page
from .line_splitting import split_words
from .options import Arguments, find_verb, parse
from .session import Session
from .session_registry import SessionRegistry
from .sweep import parse_values
from .waiting import require_success
from .wish_options import excluded_by, wishes_of

_HELP = frozenset({"-h", "--help"})


@magics_class
class SaturnMagics(Magics):
    """The magics of one shell.

    Parameters
    ----------
    shell
        IPython's shell.
    sessions
        The sessions the magics act on.
    """

    shell: Any

    def __init__(self, shell: Any, sessions: SessionRegistry) -> None:
        super().__init__(shell)
        self._sessions = sessions
        self._verbs: dict[str, Callable[[Arguments], None]] = {
            "cluster": lambda arguments: show(cluster_magic.act(self._session, arguments.options)),
            "check": lambda arguments: show(self._session.check(arguments.names or None)),
            "technique": lambda arguments: show(
                technique_magic.act(self._session.techniques, arguments)
            ),
            "cache": self._cache,
            "profile": self._profile,
            "plan": self._plan,
            "run": self._run,
            "wish": self._wish,
            "wait": self._wait,
            "log": self._log,
            "track": self._track,
            "push": self._push,
            "status": lambda _: show(self._session.status()),
            "results": lambda _: show(self._session.results()),
            "stop": lambda arguments: show(self._session.stop(arguments.names or None)),
            "resume": lambda arguments: show(self._session.resume(arguments.names or None)),
            "retry": lambda arguments: show(self._session.retry(arguments.names or None)),
            "clone": self._clone,
            "remove": lambda arguments: show(
                self._session.remove(arguments.names, yes=arguments.options.get("yes", False))
            ),
            "reset": lambda arguments: show(
                self._session.reset(yes=arguments.options.get("yes", False))
            ),
            "doctor": self._doctor,
            "export": self._export,
            "session": self._choose,
            "show": lambda _: show(self._session.show()),
            "view": lambda _: show(self._session.view()),
            "help": self._help,
        }

    @property
    def _session(self) -> Session:
        return self._sessions.current

    @line_cell_magic
    def saturn(self, line: str, cell: str | None = None) -> None:
        """Train many models on the devices there are. `%saturn help` shows every verb."""
        words = split_words(line)
        if any(word in _HELP for word in words):
            words = ["help", *[word for word in words[:1] if word not in _HELP]]
            cell = None  # what a help option stands before is not done
        if not words:
            if cell is not None:
                raise _no_cell_verb("%%saturn")
            show(overview())
            return
        verb = find_verb(words[0])
        if cell is not None and not verb.is_cell:
            raise _no_cell_verb(f"%%saturn {verb.name}")
        arguments = parse(verb, words[1:])
        if verb.name == "task":
            if cell is None and "factory" not in arguments.options:
                raise _no_line_verb()
            show(task_magic.make(self.shell, self._session, line, arguments.options, cell or ""))
        else:
            self._patiently(
                lambda: self._act(verb.name, arguments, cell),
                "Interrupted; what was asked for goes on. See %saturn status",
            )

    def _act(self, verb: str, arguments: Arguments, cell: str | None) -> None:
        if cell is None:
            self._verbs[verb](arguments)
        else:
            show(technique_magic.define(self._session.techniques, arguments, cell))

    def _profile(self, arguments: Arguments) -> None:
        options = arguments.options
        force, wait = "force" in options, "detach" not in options
        full, exclude = "full" in options, excluded_by(arguments.options)
        self._patiently(
            lambda: show(self._session.profile(force, wait, full=full, exclude=exclude)),
            "Interrupted; measuring goes on. Stop it with: %saturn stop",
        )

    def _cache(self, arguments: Arguments) -> None:
        clear, everything = "clear" in arguments.options, "all" in arguments.options
        if everything and not clear:
            raise SaturnError(
                "bad-option", "--all goes with --clear.", "Write: %saturn cache --clear --all"
            )
        show(self._session.cache(clear, everything))

    def _plan(self, arguments: Arguments) -> None:
        options = arguments.options
        if "at" in options:
            if len(options) > 1:
                raise SaturnError(
                    "bad-option",
                    "--at goes with no other option.",
                    "Write: %saturn plan --at 14:02",
                )
            show(self._session.plan_at(options["at"]))
            return
        self._patiently(
            lambda: show(
                self._session.plan(
                    options.get("seconds"),
                    excluded_by(arguments.options),
                    early=options.get("early"),
                    use=options.get("use"),
                    **wishes_of(arguments.options),
                )
            ),
            "Interrupted; measuring and planning go on. Stop them with: %saturn stop",
        )

    def _doctor(self, arguments: Arguments) -> None:
        options = arguments.options
        self._patiently(
            lambda: doctor_report.examine("deep" in options, options.get("json")),
            "Interrupted; nothing of the examination goes on.",
        )

    def _run(self, arguments: Arguments) -> None:
        options, names, excluded = (
            arguments.options,
            arguments.names or None,
            excluded_by(arguments.options),
        )
        early, switch = options.get("early"), options.get("switch")
        keep, wishes = "keep" in options, wishes_of(arguments.options)
        show(self._session.run(names, excluded, switch, early=early, keep=keep, **wishes))

    def _wish(self, arguments: Arguments) -> None:
        names, clear = arguments.names or None, "clear" in arguments.options
        show(self._session.wish(names, clear=clear, **wishes_of(arguments.options)))

    def _clone(self, arguments: Arguments) -> None:
        if not arguments.names:
            raise SaturnError(
                "bad-option",
                "Name the task to make a clone of.",
                "%saturn clone digits-mlp-32-1e-3 lr=1e-4",
            )
        task, *edits = arguments.names
        options = dict(arguments.options)
        warm_start = options.pop("from", None)
        show(self._session.clone(task, parse_values(edits), warm_start=warm_start, **options))

    def _wait(self, arguments: Arguments) -> None:
        def wait() -> None:
            show(self._session.wait())
            state = self._session.attachment.state
            if state is not None and "quiet" not in arguments.options:
                require_success(state)

        self._patiently(
            wait,
            "Interrupted; training goes on. Stop it with: %saturn stop",
        )

    def _export(self, arguments: Arguments) -> None:
        if len(arguments.names) != 1:
            raise SaturnError("bad-option", "Name one file.", "%saturn export sweep.html")
        show(note(f"Written: {self._session.export(arguments.names[0])}"))

    def _log(self, arguments: Arguments) -> None:
        if len(arguments.names) != 1:
            raise SaturnError("bad-option", "Name one task.", "%saturn log digits-mlp-32-1e-3")
        show(self._session.log(arguments.names[0], **arguments.options))

    def _track(self, arguments: Arguments) -> None:
        options, names = dict(arguments.options), arguments.names
        if options.pop("off", False):
            if options or len(names) > 1:
                raise SaturnError(
                    "bad-option",
                    "--off goes with the name of one tracker, or alone.",
                    "%saturn track --off wandb",
                )
            show(self._session.untrack(*names))
            return
        if len(names) > 2:
            raise SaturnError("bad-option", "One tracker at a time.", "%saturn track mlflow")
        uri = names[1] if len(names) > 1 else None
        show(self._session.track(names[0] if names else None, uri=uri, **options))

    def _push(self, arguments: Arguments) -> None:
        if not 1 <= len(arguments.names) <= 2:
            raise SaturnError(
                "bad-option",
                "Name one task, and a repository to send it to.",
                "%saturn push digits-mlp-32-1e-3 user/digits",
            )
        show(self._session.push(*arguments.names, public=arguments.options.get("public", False)))

    def _patiently(self, act: Callable[[], None], interrupted: str) -> None:
        """Do what may wait; an interrupt ends the wait, not the work."""
        try:
            act()
        except KeyboardInterrupt:
            show(note(interrupted))

    def _choose(self, arguments: Arguments) -> None:
        if len(arguments.names) > 1:
            raise SaturnError("bad-option", "One session at a time.", "%saturn session vision")
        if arguments.names:
            session = self._sessions.get(arguments.names[0])
            self._sessions.choose(session)
            session.attachment.resume()
        show(note(repr(self._session)))

    def _help(self, arguments: Arguments) -> None:
        verbs = [find_verb(name.lstrip("%")) for name in arguments.names]
        for view in [page(verb) for verb in verbs] or [overview()]:
            show(view)


def _no_cell_verb(written: str) -> SaturnError:
    return SaturnError(
        "not-a-cell",
        f"{written} is no beginning of a cell.",
        "A cell starts with %%saturn task or %%saturn technique NAME; other verbs stand on a line "
        "of their own: %saturn help",
    )


def _no_line_verb() -> SaturnError:
    return SaturnError(
        "not-a-line",
        "Tasks are made of a whole cell.",
        "Begin a cell with %%saturn task, and define a function below; or name one that there is "
        "already: %saturn task --factory NAME",
    )
