"""Passwords that a command needs: from a file, a pipe or the keyboard, never from its own words, which every
program of the machine can read."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret

FROM_INPUT = "-"
_LONGEST = 200


def password_of(place: str) -> Secret:
    """The first line of the file, or of standard input for "-"; typed unseen where a person sits at it.

    Raises Misuse for a file that cannot be read, and for a line that can be no password.
    """
    if place == FROM_INPUT and sys.stdin.isatty():
        return _checked(getpass.getpass("Password of the file: "))
    if place == FROM_INPUT:
        return _checked(sys.stdin.readline(_LONGEST + 2))
    try:
        with Path(place).open(encoding="utf-8-sig") as file:
            return _checked(file.readline(_LONGEST + 2))
    except UnicodeDecodeError:
        raise Misuse(
            "--password-file", f"{place} is no text", cure="Its first line is the password"
        ) from None
    except OSError as refused:
        cure = "Give the path of a file you can read, or - for standard input"
        raise Misuse("--password-file", f"{place}: {refused.strerror}", cure=cure) from None


def _checked(line: str) -> Secret:
    text = line.rstrip("\r\n")
    if not text or len(text) > _LONGEST:
        problem = (
            "the first line is empty" if not text else f"the first line is longer than {_LONGEST} letters"
        )
        raise Misuse("--password-file", problem, cure="Put the password alone into it")
    return Secret(text)
