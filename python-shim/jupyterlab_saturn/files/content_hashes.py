"""Files by what is in them: each is read once, as long as it stays as it is."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..generated.wire_types import FilePart

_CHUNK = 1 << 20
_MOST = 20_000


class ContentHashes:
    """Knows the SHA-256 of files. Several threads may ask at once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, int, int], str] = {}

    def part(self, path: Path, name: str, *, anew: bool = False) -> FilePart:
        """A file as it is now; of one that grows meanwhile, what it was. Raises OSError.

        Parameters
        ----------
        anew
            Whether to read it although it looks as one that was read.
        """
        with path.open("rb") as file:
            info = os.fstat(file.fileno())
            key = info.st_dev, info.st_ino, info.st_mtime_ns, info.st_size
            known = None if anew else self._known.get(key)
            if known is None:
                digest, left = hashlib.sha256(), info.st_size
                while left > 0 and (chunk := file.read(min(_CHUNK, left))):
                    digest.update(chunk)
                    left -= len(chunk)
                known = digest.hexdigest()
                if len(self._known) >= _MOST:
                    self._known.clear()
                self._known[key] = known
        return {"name": name, "size": info.st_size, "sha256": known}
