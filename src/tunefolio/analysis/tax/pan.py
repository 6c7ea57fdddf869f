"""The permanent account number of one who is taxed: its form, what its fourth letter tells, how it is shown.

Five letters, four digits, one letter (Income-tax Rules, rule 114). Only persons who are taxed by these rules
have one here: an individual, and a Hindu undivided family, which has no age and no rebate of section 87A.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret

_FORM = re.compile(r"[A-Z]{5}[0-9]{4}[A-Z]")
_KIND = 3
_OTHERS = {
    "C": "a company",
    "F": "a firm",
    "A": "an association of persons",
    "B": "a body of individuals",
    "G": "a government",
    "J": "an artificial juridical person",
    "L": "a local authority",
    "T": "a trust",
}
"""Fourth letters of those whose tax is another."""


class PanStatus(StrEnum):
    """Whose number it is, by the fourth letter: P or H."""

    INDIVIDUAL = "individual"
    FAMILY = "hindu_undivided_family"


_STATUSES = {"P": PanStatus.INDIVIDUAL, "H": PanStatus.FAMILY}


@dataclass(frozen=True, slots=True)
class Pan:
    """A valid number. `number` gives itself away only by .reveal(); pages show `masked`."""

    number: Secret

    @classmethod
    def parse(cls, text: str) -> Pan:
        """As people type it, in any case, with or without spaces. Raises Misuse, which never repeats it."""
        number = "".join(text.split()).upper()
        if not _FORM.fullmatch(number):
            cure = "Write it as on the card: five letters, four digits, a letter"
            raise Misuse("pan", "is no permanent account number", cure=cure)
        letter = number[_KIND]
        if letter not in _STATUSES:
            known = _OTHERS.get(letter)
            problem = f"is that of {known}" if known else f"has the fourth letter {letter}, which is nobody's"
            cure = "Only persons (P) and Hindu undivided families (H) are taxed by these rules"
            raise Misuse("pan", problem, cure=cure)
        return cls(Secret(number))

    @property
    def status(self) -> PanStatus:
        return _STATUSES[self.number.reveal()[_KIND]]

    @property
    def masked(self) -> str:
        """The first two and the last two letters: enough to tell one's own from another."""
        number = self.number.reveal()
        return f"{number[:2]}{'X' * (len(number) - 4)}{number[-2:]}"
