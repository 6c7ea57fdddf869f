"""One suite per port, run over every adapter that registers itself."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil

import pytest

import tunefolio.adapters as adapters
from tunefolio.core.errors import Misuse
from tunefolio.ledger.brokers import BROKERS
from tunefolio.ledger.files import FORMATS, FileFormat

for _module in pkgutil.walk_packages(adapters.__path__, "tunefolio.adapters."):
    if ".brokers" in _module.name or ".prices" in _module.name:
        importlib.import_module(_module.name)


OURS = [(name, form) for name, form in FORMATS if type(form).__module__.startswith("tunefolio.")]
formats = pytest.mark.parametrize(("name", "form"), OURS, ids=[name for name, _ in OURS])


def test_something_is_registered() -> None:
    assert "zerodha" in BROKERS
    assert [name for name, _ in OURS] == [
        "angelone_trades_xlsx",
        "cas",
        "kite_holdings_csv",
        "tunefolio_json",
        "zerodha_holdings_xlsx",
        "zerodha_tradebook_csv",
        "zerodha_tradebook_xlsx",
    ]


@formats
def test_a_format_knows_its_name(name: str, form: FileFormat) -> None:
    assert form.name == name
    assert form.title


@formats
@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"hello", b"a,b\n1,2\n", b"PK\x03\x04", b"\xff\xfe\x00", b"\x00" * 100, b"%PDF-1.7"],
)
def test_a_format_refuses_what_it_is_not(name: str, form: FileFormat, content: bytes) -> None:
    """A ruined workbook is claimed by none: the reader of any table says what is wrong with it."""
    assert not form.recognises("file", content)
    with pytest.raises(Misuse) as caught:
        form.parse(content, hashlib.sha256(content).hexdigest())
    assert caught.value.field == "file"
