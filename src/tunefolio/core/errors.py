"""Every error by what the caller must do next. Domain errors carry facts, never HTTP codes.

TunefolioError
├── Retry        try again after a while          (429, 5xx, a lost lease)
├── Reauth       a person must log in again       (an expired broker token)
├── Rejected     the other side said no, for good (a refused order, an unknown symbol)
├── Misuse       the caller's input is wrong      (names the field and the cure)
│   ├── NotFound     no such thing, or not yours: the two are never told apart
│   └── Forbidden    yours to see, not yours to do
├── Ambiguous    an order whose fate is unknown; ask before acting again
└── BrokenLaw    our own books contradict themselves; stop, tell the owner
"""

from __future__ import annotations

from datetime import timedelta


class TunefolioError(Exception):
    """Something TuneFolio knows how to name."""

    def __str__(self) -> str:
        text = " ".join(str(part) for part in self.args)
        return text or (type(self).__doc__ or "").strip().splitlines()[0]


class Retry(TunefolioError):
    """The other side is busy or away; the same call may succeed later."""

    def __init__(self, reason: str, *, after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


class Reauth(TunefolioError):
    """The broker session has ended; its owner must log in again."""

    def __init__(self, reason: str = "", *, broker: str = "") -> None:
        super().__init__(reason or "the broker session has ended; log in again")
        self.broker = broker


class Rejected(TunefolioError):
    """The other side understood and refused; the same call will be refused again."""

    def __init__(self, reason: str, *, code: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


_VERBS = frozenset(
    {
        "add", "already", "are", "belongs", "came", "cannot", "do", "does", "has", "have", "holds", "is",
        "lacks", "leaves", "lies", "must", "name", "names", "needs", "stands", "take", "takes", "unpacks",
        "waits", "was", "were", "would",
    }
)  # fmt: skip
"""With what a problem begins that is said of its field; any other is a sentence of its own."""


def sentence(field: str, problem: str) -> str:
    """What is wrong with a field, for people: "day is missing", "day: '2026-13-01' is not a date"."""
    between = " " if problem.partition(" ")[0] in _VERBS else ": "
    return f"{field}{between}{problem}"


class Misuse(TunefolioError):
    """The input is wrong: `field` names the place, `cure` says what would be right.

    problem: said of the field ("is missing"), or by itself ("there is none"); `sentence` joins the two.
    """

    def __init__(self, field: str, problem: str, *, cure: str = "") -> None:
        super().__init__(sentence(field, problem) + (f". {cure}" if cure else ""))
        self.field = field
        self.problem = problem
        self.cure = cure


class NotFound(Misuse):
    """There is no such thing here."""

    def __init__(self, what: str) -> None:
        super().__init__(what, "was not found")
        self.what = what


class Forbidden(Misuse):
    """This is not yours to do.

    reason: why, as a sentence of its own; else it is said that `what` is not allowed.
    """

    def __init__(self, what: str = "", *, cure: str = "", reason: str = "") -> None:
        super().__init__(what, "is not allowed", cure=cure)
        self.reason = reason or sentence(what, self.problem)
        if reason:
            self.args = (reason + (f". {cure}" if cure else ""),)


class Ambiguous(TunefolioError):
    """An order was sent and its fate is unknown; reconcile by its tag before doing anything else."""


class BrokenLaw(TunefolioError):
    """The books contradict themselves; the account is stopped until its owner has seen it."""

    def __init__(self, law: str, detail: str) -> None:
        super().__init__(f"{law}: {detail}")
        self.law = law
        self.detail = detail
