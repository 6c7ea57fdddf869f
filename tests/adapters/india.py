"""What the tests of the Indian sources share: tables of our own in their shapes, and a rehearsal."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tunefolio.adapters.gates import Gates
from tunefolio.adapters.http import Answer
from tunefolio.adapters.memory import MemoryShared
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.secret import Secret
from tunefolio.core.time import IST, Clock, FixedClock, Instant, TradingDay
from tunefolio.ledger.brokers import AppKeys
from tunefolio.sandbox.serve import Sandbox, SandboxConfig

NO_WAIT = {"requests_per_second": "1000"}
EVENING = Instant.parse("2026-11-20T22:00:00", IST)
"""A Friday, when everything has been published."""

UDIFF_HEADER = (
    "TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,XpryDt,FininstrmActlXpryDt,StrkPric,"
    "OptnTp,FinInstrmNm,OpnPric,HghPric,LwPric,ClsPric,LastPric,PrvsClsgPric,UndrlygPric,SttlmPric,OpnIntrst,"
    "ChngInOpnIntrst,TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd,SsnId,NewBrdLotQty,Rmks,Rsvd1,Rsvd2,Rsvd3,Rsvd4"
)


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def udiff_row(on: str, symbol: str, series: str = "EQ", **cells: str) -> str:
    """One row of ours; cells by their UDiFF names, lower case."""
    told = {
        "traddt": on, "bizdt": on, "sgmt": "CM", "src": "NSE", "fininstrmtp": "STK", "tckrsymb": symbol,
        "sctysrs": series, "isin": "INE009A01021", "fininstrmnm": f"{symbol} LIMITED", "opnpric": "100.00",
        "hghpric": "110.50", "lwpric": "99.05", "clspric": "108.25", "lastpric": "108.00",
        "prvsclsgpric": "101.00", "sttlmpric": "108.25", "ttltradgvol": "12345", **cells,
    }  # fmt: skip
    return ",".join(told.get(name.lower(), "") for name in UDIFF_HEADER.split(","))


def table(*rows: str) -> bytes:
    return "\n".join([*rows, ""]).encode()


def udiff(*rows: str) -> bytes:
    return table(UDIFF_HEADER, *rows)


def packed(content: bytes, name: str = "table.csv") -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return whole.getvalue()


def answer(content: bytes, content_type: str = "application/octet-stream") -> Answer:
    return Answer(200, {"content-type": content_type}, content)


def refused_politely(read: Callable[[], Any]) -> None:
    """Garbage may be understood by chance, or refused; nothing else may come of it."""
    try:
        read()
    except (Retry, Rejected):
        return


@contextmanager
def rehearsal(clock: Clock | None = None) -> Iterator[Sandbox]:
    """The simulated world on loopback."""
    keys = AppKeys("rehearsalkey", Secret("rehearsalsecret"))
    chosen = clock or FixedClock(EVENING)
    with Sandbox(SandboxConfig(keys, "http://localhost:9/back", clock=chosen)) as running:
        yield running


def face(routes: list[Any]) -> Starlette:
    return Starlette(routes=[Mount("/", routes=routes)])


def gates() -> Gates:
    return Gates(MemoryShared(), sleep=lambda _: None)


def sample(name: str) -> bytes:
    """A recorded file beside the market data; a visible skip without it."""
    folder = os.environ.get("TUNEFOLIO_DATA")
    path = Path(folder) / "samples" / name if folder else None
    if path is None or not path.is_file():
        pytest.skip("no recorded files (TUNEFOLIO_DATA)")
    return path.read_bytes()
