"""The thin call to NSE: files from its archives, which are open, and answers of its guarded site."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from tunefolio.adapters.answers import document
from tunefolio.adapters.bhavcopies import UDIFF_SINCE, day_file, derivatives_file
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.http import Answer, by_status
from tunefolio.adapters.prices import SOURCES
from tunefolio.adapters.prices.nse import announced, lists, quotes
from tunefolio.adapters.published import Addresses, Hosts, must_be_file, unzipped
from tunefolio.core.errors import Rejected, Retry, TunefolioError
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import ActionClaim
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import DayFile, MasterRow, QuoteClaim, Renamed, SectorClaim

NAME = "nse"
WHO = "NSE"
_OWN = Addresses(
    "archives_url",
    files="https://nsearchives.nseindia.com",
    site="https://www.nseindia.com",
    page="https://www.nseindia.com",
    per_second=1,
)
_CASH_BYTES = 32 * 1024 * 1024
_DERIVATIVES_BYTES = 256 * 1024 * 1024
_LISTS = (
    "/content/equities/EQUITY_L.csv",
    "/emerge/corporates/content/SME_EQUITY_L.csv",
    "/content/equities/eq_etfseclist.csv",
)
_CHANGES = "/content/equities/symbolchange.csv"
_ACTIONS = "/api/corporates-corporateActions"
_SECURITY = "/api/NextApi/apiClient/GetQuoteApi"
_LONGEST_SPAN_DAYS = 365
"""The register is asked for a year at a time."""
_log = logging.getLogger(__name__)
T = TypeVar("T")


@SOURCES.register(NAME)
class Nse:
    """NSE's cash market, every series, and its companies' actions. Raises Retry, Rejected. Thread-safe.

    Options: root_url, or archives_url and api_url; user_agent; the polite ones, for each of the two hosts.
    """

    name = NAME

    def __init__(self, options: Mapping[str, str], gates: Gates) -> None:
        hosts = Hosts(NAME, options, gates, own=_OWN)
        self._archives, self._site, self._home = hosts.files(), hosts.site(), hosts.site(_home_judged)
        self.contracts = NseContracts(self)
        self._cookies: str | None = None
        self._lock = threading.Lock()

    def serves(self, listing: Listing) -> bool:
        """Securities, not indices: those have spaces in their names."""
        return listing.exchange == "NSE" and " " not in listing.symbol

    # Files -----------------------------------------------------------------------------------------

    def day_file(self, day: TradingDay) -> DayFile | None:
        """The cash market of that day, one bar for each symbol and series; None when there is no file."""

        def parse(answer: Answer) -> DayFile:
            lines = unzipped(must_be_file(answer, WHO), WHO, cap_bytes=_CASH_BYTES)
            return day_file(lines, NAME, day, who=WHO, naming=lambda *names: Listing("NSE", *names))

        return _unless_missing(lambda: self._archives.read(cash_path(day), parse))

    def derivatives(self, day: TradingDay) -> DayFile | None:
        """Futures and options of that day, settlement prices as closes; None before UDiFF and without one."""
        if day < UDIFF_SINCE:
            return None

        def parse(answer: Answer) -> DayFile:
            lines = unzipped(must_be_file(answer, WHO), WHO, cap_bytes=_DERIVATIVES_BYTES)
            return derivatives_file(lines, NseContracts.name, day, who=WHO, exchange="NFO")

        return _unless_missing(lambda: self._archives.read(derivatives_path(day), parse))

    def instruments(self) -> Iterator[MasterRow]:
        """Main board, SME board and exchange-traded funds; all of the three lists or none."""
        found: dict[Listing, MasterRow] = {}
        for path in _LISTS:
            rows = self._archives.read(
                path, lambda answer: lists.listed(must_be_file(answer, WHO)), remember=True
            )
            found.update((row.claim.listing, row) for row in rows)
        yield from found.values()

    def renames(self) -> Sequence[Renamed]:
        return self._archives.read(
            _CHANGES, lambda answer: lists.renames(must_be_file(answer, WHO)), remember=True
        )

    # The site --------------------------------------------------------------------------------------

    def actions(self, since: TradingDay, until: TradingDay) -> Sequence[ActionClaim]:
        """What the register says and we understand; what is not understood is logged."""
        found: list[ActionClaim] = []
        refused: list[str] = []
        start = since
        while start < until:
            end = min(until, start.plus_days(_LONGEST_SPAN_DAYS))
            query = [
                ("index", "equities"), ("from_date", _day_first(start)),
                ("to_date", _day_first(end.plus_days(-1))),
            ]  # fmt: skip
            told = announced.announced(self._asked(_ACTIONS, query), start, end)
            found += told.claims
            refused += told.refused
            start = end
        if refused:
            _log.info("nse.subjects_refused", extra={"count": len(refused), "first": refused[0]})
        return found

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]:
        """One call each. Refused in the middle it answers what it has; at once, it raises Retry."""
        found: dict[Listing, QuoteClaim] = {}
        for listing in dict.fromkeys(listings):
            if not self.serves(listing):
                continue
            try:
                cells = self._security(listing)
            except Retry:
                if not found:
                    raise
                break
            claim = None if cells is None else quotes.quote(cells, listing)
            if claim is not None:
                found[listing] = claim
        return found

    def sector(self, listing: Listing) -> SectorClaim | None:
        """In NSE's own words; None for what it does not list or has not classified."""
        cells = self._security(listing) if self.serves(listing) else None
        return None if cells is None else quotes.sector(cells)

    def close(self) -> None:
        self._archives.close()
        self._site.close()
        self._home.close()

    def _security(self, listing: Listing) -> Mapping[str, Any] | None:
        query = [
            ("functionName", "getSymbolData"), ("marketType", "N"), ("series", listing.series or "EQ"),
            ("symbol", listing.symbol),
        ]  # fmt: skip
        body = _unless_missing(lambda: self._asked(_SECURITY, query))
        return None if body is None else quotes.security(body)

    def _asked(self, path: str, query: list[tuple[str, str]]) -> Any:
        """JSON of the site, with the cookies of its first page; after a refusal they are asked for anew."""
        try:
            return self._site.read(path, _json, params=query, headers=self._leave())
        except Retry:
            with self._lock:
                self._cookies = None
            raise

    def _leave(self) -> Mapping[str, str]:
        """The cookies that the first page gives; it may turn programs away while the rest answers."""
        with self._lock:
            if self._cookies is None:
                self._cookies = "; ".join(self._home.get("/").cookies)
            return {"Cookie": self._cookies} if self._cookies else {}


class NseContracts:
    """NSE's second daily file: futures and options, at their settlement prices. Thread-safe."""

    name = f"{NAME}-derivatives"

    def __init__(self, nse: Nse) -> None:
        self._nse = nse

    def serves(self, listing: Listing) -> bool:
        return listing.exchange == "NFO"

    def day_file(self, day: TradingDay) -> DayFile | None:
        return self._nse.derivatives(day)


def cash_path(day: TradingDay) -> str:
    """Where the archives keep the cash market of a day."""
    if day >= UDIFF_SINCE:
        return f"/content/cm/BhavCopy_NSE_CM_0_0_0_{day.date:%Y%m%d}_F_0000.csv.zip"
    month = _MONTHS[day.date.month - 1]
    name = f"cm{day.date:%d}{month}{day.date.year}bhav.csv.zip"
    return f"/content/historical/EQUITIES/{day.date.year}/{month}/{name}"


def derivatives_path(day: TradingDay) -> str:
    return f"/content/fo/BhavCopy_NSE_FO_0_0_0_{day.date:%Y%m%d}_F_0000.csv.zip"


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def _day_first(day: TradingDay) -> str:
    return f"{day.date:%d-%m-%Y}"


def _home_judged(answer: Answer) -> TunefolioError | None:
    """Only its cookies are wanted, which a page that says no may bear as well."""
    return by_status(answer) if answer.status == 429 or answer.status >= 500 else None


def _json(answer: Answer) -> Any:
    return document(answer, WHO)


def _unless_missing(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except Rejected as refusal:
        if refusal.code == "http_404":
            return None
        raise
