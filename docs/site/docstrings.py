"""Docstrings as the package writes them: names in single backticks, defaults that are made."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def _as_code(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.TextElement | None:
    """A name in single backticks that the reference has no entry for: code, and no dead link.

    In numpydoc these stand round names of parameters, and of what is private, too. Annotations
    and explicit roles that lead nowhere stay errors.
    """
    is_name = node.get("refdomain") == "py" and node.get("reftype") == "obj"
    return content if is_name and not node.get("refexplicit") else None


def _readable(
    app: Sphinx,
    what: str,
    name: str,
    thing: object,
    options: object,
    signature: str | None,
    returned: str | None,
) -> tuple[str | None, str | None]:
    """A signature that is Python: what a dataclass shows of a ``default_factory`` is not."""
    return signature and signature.replace("<factory>", "..."), returned


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("missing-reference", _as_code)
    app.connect("autodoc-process-signature", _readable)
    return {"parallel_read_safe": True}
