"""`%saturn help`."""

from __future__ import annotations

import html

from .display import View
from .verb import Option, Verb
from .verbs import VERBS

_TITLE = "Train many models on the devices there are: %saturn VERB [options]"


def overview() -> View:
    """Every verb with its options and an example."""
    blocks = [_TITLE]
    rows = []
    for verb in VERBS:
        options = "".join(f"\n    {_usage(option):<24} {option.help}" for option in verb.options)
        blocks.append(f"{verb.name}: {verb.help}{options}\n    e.g. {verb.example}")
        rows.append(_row(verb))
    head = "<tr><th>Verb</th><th>What it does</th><th>Options</th><th>Example</th></tr>"
    return View(
        "\n\n".join(blocks),
        f"<p>{html.escape(_TITLE)}</p><table>{head}{''.join(rows)}</table>",
    )


def page(verb: Verb) -> View:
    """All about one verb."""
    lines = [verb.help, f"  e.g. {verb.example}"]
    lines += [f"  {_usage(option):<24} {option.help}" for option in verb.options]
    return View("\n".join(lines), f"<table>{_row(verb)}</table>")


def _usage(option: Option) -> str:
    return f"{option.name} {option.example}".strip()


def _row(verb: Verb) -> str:
    options = "<br>".join(
        f"<code>{html.escape(_usage(option))}</code> {html.escape(option.help)}"
        for option in verb.options
    )
    cells = (
        f"<b>{verb.name}</b>",
        html.escape(verb.help),
        options,
        f"<code>{html.escape(verb.example)}</code>",
    )
    return "<tr>" + "".join(f'<td style="text-align: left">{cell}</td>' for cell in cells) + "</tr>"
