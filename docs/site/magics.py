"""The directive ``saturn-magics``: all verbs of `%saturn`, from the table that the magic reads."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from jupyterlab_saturn.kernel.verb import Option, Verb
from jupyterlab_saturn.kernel.verbs import VERBS
from sphinx.application import Sphinx


class Magics(Directive):
    """A section a verb: what it does, an example, its options."""

    def run(self) -> list[nodes.Node]:
        return [_section(verb) for verb in VERBS]


def _section(verb: Verb) -> nodes.section:
    section = nodes.section(ids=[f"magic-{verb.name}"], names=[verb.name])
    section += nodes.title("", "", nodes.literal(text=_title(verb)))
    section += nodes.paragraph(text=verb.help)
    section += nodes.literal_block(verb.example, verb.example, language="text")
    if verb.options:
        section += _options(verb.options)
    return section


def _title(verb: Verb) -> str:
    line = f"%saturn {verb.name}" if verb.example.startswith("%saturn") else ""
    cell = f"%%saturn {verb.name}" if verb.is_cell else ""
    return ", ".join(filter(None, (line, cell)))


def _options(options: tuple[Option, ...]) -> nodes.definition_list:
    listed = nodes.definition_list()
    for option in options:
        usage = f"{option.name} {option.example}".strip()
        listed += nodes.definition_list_item(
            "",
            nodes.term("", "", nodes.literal(text=usage)),
            nodes.definition("", nodes.paragraph(text=option.help)),
        )
    return listed


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("saturn-magics", Magics)
    return {"parallel_read_safe": True}
