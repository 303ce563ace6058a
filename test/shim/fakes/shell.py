"""A real IPython shell that keeps what it displays."""

from __future__ import annotations

from typing import Any

from IPython.core.completer import provisionalcompleter
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell


class Shell(InteractiveShell):  # type: ignore[misc]
    """Runs cells; `outputs` holds the bundles shown, `failed` the error of the last cell."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.display_pub = CapturingDisplayPublisher()
        self.failed: BaseException | None = None
        self.tracebacks: list[str] = []

    @property
    def outputs(self) -> list[dict[str, Any]]:
        return [output["data"] for output in self.display_pub.outputs]

    def texts(self) -> list[str]:
        return [output["text/plain"] for output in self.outputs]

    def cell(self, source: str) -> BaseException | None:
        """Run a cell in a clean slate; returns its error."""
        self.display_pub.outputs.clear()
        self.tracebacks.clear()
        result = self.run_cell(source)
        self.failed = result.error_before_exec or result.error_in_exec
        return self.failed

    def completions(self, line: str) -> set[str]:
        """What Tab offers at the end of a line, as kernels ask for it."""
        with provisionalcompleter():
            return {each.text for each in self.Completer.completions(line, len(line))}

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        self.tracebacks.append("\n".join(stb))
