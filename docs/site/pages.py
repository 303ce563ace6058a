"""Pages of the repository in the site, with links that work in both.

README.md, ARCHITECTURE.md and others are included by a page of a line each. In the repository
they link to each other and to ``docs/*.md`` by the paths of files; `saturn_pages` in conf.py says
which page of the site each of them is.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

# Code is left alone: a fence, or a span; then the target of a link or an image.
_LINK = re.compile(r"^(`{3,}|~{3,}).*?^\1|`[^`\n]+`|(?<=\]\()([^)\s#][^)\s#]*)", re.M | re.S)
_URL = re.compile(r"[a-z][a-z0-9+.-]*:|/")


def _docs(app: Sphinx) -> str:
    """The folder of the site's sources, from the root of the repository."""
    return Path(app.srcdir).name


def _relink(app: Sphinx, text: str, file: str, docname: str) -> str:
    """The text of a file with links from where it is included instead of from where it is.

    Parameters
    ----------
    file
        Path of the file from the root of the repository.
    docname
        The page of the site that shows it.
    """
    pages: dict[str, str] = app.config.saturn_pages
    home = posixpath.dirname(f"{_docs(app)}/{docname}")

    def moved(match: re.Match[str]) -> str:
        target = match[2]
        if target is None or _URL.match(target):
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
        if path in pages:
            path = f"{_docs(app)}/{pages[path]}.md"
        return posixpath.relpath(path, home)

    return _LINK.sub(moved, text)


def _on_source(app: Sphinx, docname: str, content: list[str]) -> None:
    path = Path(app.env.doc2path(docname))
    if path.suffix == ".md":
        content[0] = _relink(app, content[0], f"{_docs(app)}/{docname}.md", docname)


def _on_include(app: Sphinx, relative: Path, _: str, content: list[str]) -> None:
    root = Path(app.srcdir).resolve().parent
    file = (Path(app.srcdir) / relative).resolve().relative_to(root)
    if file.suffix == ".md":
        content[0] = _relink(app, content[0], file.as_posix(), app.env.docname)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("saturn_pages", {}, "env", types=dict)
    app.connect("source-read", _on_source)
    app.connect("include-read", _on_include)
    return {"parallel_read_safe": True}
