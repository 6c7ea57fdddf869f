"""Passwords that are guessed first: those of known leaks, and what a guesser makes of them.

Nothing is asked of anybody outside. The list at hand has thirty thousand passwords of leaks; an operator may
lay down the whole of Have I Been Pwned, as its downloader writes it: one file sorted by hash, or a folder of
files named by the first five digits.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO, Final

from tunefolio.core.secret import Secret

FIRST_GUESSES: Final = 10**8
"""A password that a guesser reaches within so many tries is refused: what a sign-in that counts its guesses
must withstand, with room to spare."""
_TRIED_HERE: Final = (
    *("tunefolio", "admin", "india", "bharat", "hindustan", "nifty", "sensex"),
    *("zerodha", "kite", "angel", "groww", "upstox", "kotak", "vested"),
    *("rahul", "rohit", "amit", "anil", "sunil", "suresh", "ramesh", "mahesh", "rajesh", "ravi", "vijay"),
    *("priya", "pooja", "neha", "anjali", "krishna", "ganesh", "shiva", "lakshmi", "durga", "hanuman"),
    *("sairam", "sachin", "dhoni", "kohli"),
)
"""Words that a guesser tries first at a house of this kind, and lists of the world's leaks rank too low."""
_READ: Final = 72
_PREFIX: Final = 5
_HASH: Final = 40


def is_guessed_early(password: Secret, *about: str) -> bool:
    """Whether a guesser with leaked passwords, names, dates and keyboard rows soon has it.

    about: words of the person, her name and address, which are tried first, apart and in one.
    """
    from zxcvbn import zxcvbn  # its lists are read when it is imported

    apart = [one.lower().replace("@", " ").replace(".", " ").split() for one in about]
    said = [word for words in apart for word in (*words, "".join(words))]
    said += [one.lower() for one in about]
    found = zxcvbn(password.reveal()[:_READ], user_inputs=[*said, *_TRIED_HERE])
    return bool(found["guesses"] <= FIRST_GUESSES)


def is_leaked(password: Secret, leaks: Path | None) -> bool:
    """Whether its SHA-1 stands in the operator's file or folder; False without one. Cost: one short file, or
    some thirty reads of the large one."""
    if leaks is None:
        return False
    digest = hashlib.sha1(password.reveal().encode(), usedforsecurity=False).hexdigest().upper()
    if leaks.is_dir():
        part = leaks / f"{digest[:_PREFIX]}.txt"
        wanted = digest[_PREFIX:].encode()
        return part.is_file() and any(
            line.upper().startswith(wanted) for line in part.read_bytes().splitlines()
        )
    with leaks.open("rb") as file:
        return _stands_in(file, digest.encode())


def _stands_in(file: BinaryIO, wanted: bytes) -> bool:
    """Lines `HASH:COUNT`, sorted: the place is halved until it holds one line."""
    low, high = 0, file.seek(0, os.SEEK_END)
    while low < high:
        middle = (low + high) // 2
        file.seek(middle)
        if middle:
            file.seek(middle - 1)
            file.readline()
        line = file.readline()
        if not line or line[:_HASH].upper() > wanted:
            high = middle
        elif line[:_HASH].upper() == wanted:
            return True
        else:
            low = file.tell()
    return False
