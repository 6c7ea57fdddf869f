"""Files that commands write for whoever typed them: whole or not at all, and for her alone."""

from __future__ import annotations

import os
from pathlib import Path

from tunefolio.core.errors import Misuse


def owners_alone(path: str, flags: int) -> int:
    """For open(opener=…): a file that is made is its owner's alone to read, whatever the shell's umask."""
    return os.open(path, flags, 0o600)


def write(path: Path, content: bytes) -> None:
    """In place of what was there. Raises Misuse where it cannot be written; then nothing is half-written."""
    part = path.with_name(path.name + ".part")
    try:
        part.unlink(missing_ok=True)
        with open(part, "xb", opener=owners_alone) as file:
            file.write(content)
        part.replace(path)
    except OSError as refused:
        cure = "Give a path that can be written"
        raise Misuse("file", f"{path}: {refused.strerror}", cure=cure) from None
