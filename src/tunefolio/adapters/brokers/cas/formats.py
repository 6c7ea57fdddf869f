"""What a statement's PDF said, as JSON: the form that is kept, and the form that casparser itself writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from tunefolio.adapters.brokers.cas import demats, schemes
from tunefolio.adapters.brokers.cas.values import Doubt
from tunefolio.core.errors import Misuse
from tunefolio.ledger.files import FORMATS, FileFormat, ParsedFile

_ISSUERS = {"CAMS": "CAMS", "KFINTECH": "KFintech", "NSDL": "NSDL", "CDSL": "CDSL"}


class CasJson:
    """A statement read from its PDF. A summary without transactions has nothing to record."""

    name = "cas"
    title = "consolidated account statement"

    def recognises(self, filename: str, content: bytes) -> bool:  # noqa: ARG002  a name proves nothing
        return "file_type" in _said(content)

    def parse(self, content: bytes, sha256: str) -> ParsedFile:  # noqa: ARG002  rows have keys of their own
        cas = _said(content)
        issuer = _ISSUERS.get(str(cas.get("file_type")))
        if issuer is None:
            raise Misuse("file", f"is a statement of {str(cas.get('file_type'))[:20]!r}, which is not known")
        said = cas.get("parse_warnings")
        warnings = tuple(str(text)[:400] for text in said) if isinstance(said, list) else ()
        if "accounts" in cas:
            found = self._holdings(cas)
        elif cas.get("cas_type") != "DETAILED":
            raise Misuse(
                "file", "is a summary: it has no transactions", cure="Ask for the detailed statement"
            )
        else:
            found = schemes.read(cas, warnings)
        title = f"{self.title} of {issuer}"
        return ParsedFile(
            self.name, title, tuple(found.rows), tuple(found.problems), tuple(found.balances), warnings
        )

    def _holdings(self, cas: Mapping[str, Any]) -> schemes.Reading:
        try:
            return demats.read(cas)
        except Doubt as doubt:
            raise Misuse(doubt.field, doubt.problem, cure="Ask for the statement again") from None


def _said(content: bytes) -> Mapping[str, Any]:
    """The object; an empty one for what is none of a statement."""
    if content.lstrip()[:1] != b"{":
        return {}
    try:
        said = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(said, dict) or "statement_period" not in said:
        return {}
    return said if "folios" in said or "accounts" in said else {}


_FORMAT: FileFormat = FORMATS.register(CasJson.name)(CasJson())
