"""Finds links within a built site that lead nowhere: ``python links.py FOLDER``."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page can be entered by, and where it leads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value or "")
            elif name in ("href", "src") and value:
                self.links.append(value)


def dead_links(site: Path) -> list[str]:
    """A sentence for each link within the site that leads to no file, or to no place in it."""
    site = site.resolve()
    static = site / "_static"  # the theme's own, of which some is no page
    paths = (path for path in sorted(site.rglob("*.html")) if static not in path.parents)
    pages = {path: Page(path) for path in paths}
    dead = []
    for path, page in pages.items():
        for link in page.links:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            where = f"{path.relative_to(site)}: {link}"
            if not target.is_file():
                dead.append(f"{where} leads to no file")
            elif url.fragment and target in pages:
                anchors = pages[target].anchors
                if unquote(url.fragment) not in anchors:
                    dead.append(f"{where} leads to no place in {target.relative_to(site)}")
    return dead


if __name__ == "__main__":
    found = dead_links(Path(sys.argv[1]))
    sys.stdout.writelines(f"{sentence}\n" for sentence in found)
    sys.exit(1 if found else 0)
