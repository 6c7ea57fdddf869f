"""A statement's PDF, opened with its password in a process of its own; what is kept is what it says."""

from __future__ import annotations

import json
import subprocess
import sys

import orjson

from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret
from tunefolio.ledger.files import LOCKED, LockedFormat

LONGEST_SECONDS = 150
_MOST_ANSWER_BYTES = 64 * 1024 * 1024
_WORKER = "tunefolio.adapters.brokers.cas.worker"
_REFUSALS = {
    "unknown": (
        "is a PDF, but no consolidated account statement of CAMS, KFintech, NSDL or CDSL",
        "Upload the PDF as the issuer mailed it, not a print or a scan of it",
    ),
    "damaged": ("is a damaged PDF, or laid out in a way that is not known", "Ask for the statement again"),
    "large": ("needs more memory to read than a statement should", "Ask for a shorter period"),
}


class CasPdf:
    """A PDF. Only statements of the four issuers are taken; the password is used and forgotten."""

    name = "cas_pdf"
    title = "consolidated account statement (CAMS, KFintech, NSDL, CDSL; PDF)"

    def recognises(self, filename: str, content: bytes) -> bool:  # noqa: ARG002  a name proves nothing
        return b"%PDF-" in content[:1_024]

    def unlocked(self, content: bytes, password: Secret) -> bytes:
        """What the statement says, as JSON. Raises Misuse: a wrong password, another PDF, one that hangs."""
        answer = _answer(content, password)
        if "cas" in answer:
            return orjson.dumps(answer["cas"], option=orjson.OPT_SORT_KEYS)
        if answer.get("problem") == "password":
            problem = "does not open this PDF" if password else "is needed to open this PDF"
            raise Misuse("password", problem, cure="It is the one chosen when asking for it, else the PAN")
        problem, cure = _REFUSALS.get(str(answer.get("problem")), _REFUSALS["damaged"])
        raise Misuse("file", problem, cure=cure)


def _answer(content: bytes, password: Secret) -> dict[str, object]:
    """What the worker says; a silent end, a limit or a crash of it is a damaged file."""
    said = json.dumps({"password": password.reveal()}).encode() + b"\n" + content
    command = [sys.executable, "-m", _WORKER]
    try:
        done = subprocess.run(command, input=said, capture_output=True, timeout=LONGEST_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        cure = "Ask for a shorter period"
        raise Misuse("file", f"takes longer than {LONGEST_SECONDS} s to read", cure=cure) from None
    if done.returncode != 0 or len(done.stdout) > _MOST_ANSWER_BYTES:
        return {"problem": "damaged"}
    try:
        answer = orjson.loads(done.stdout)
    except orjson.JSONDecodeError:
        return {"problem": "damaged"}
    return answer if isinstance(answer, dict) else {"problem": "damaged"}


_FORMAT: LockedFormat = LOCKED.register(CasPdf.name)(CasPdf())
