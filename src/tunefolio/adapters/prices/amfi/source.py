"""The thin call to AMFI: today's table, the report of past days, and one scheme's past from a mirror."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import time

from tunefolio.adapters.answers import document
from tunefolio.adapters.bhavcopies import digest_of
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.http import Answer
from tunefolio.adapters.options import POLITE, Options
from tunefolio.adapters.prices import SOURCES
from tunefolio.adapters.prices.amfi.values import WHO, Value, past, values
from tunefolio.adapters.published import must_be_file, plain
from tunefolio.core.errors import Rejected
from tunefolio.core.identity import find_isin
from tunefolio.core.money import INR
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.bars import Bar
from tunefolio.market.funds import FundList
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.market.provider import BarsClaim, DayBar, DayFile, MasterRow, QuoteClaim

NAME = "amfi"
_AGENT = "Mozilla/5.0 (compatible; TuneFolio)"
_NEWEST = "/spages/NAVAll.txt"
_PAST = "/DownloadNAVHistoryReport_Po.aspx"
_VALUED_AT = time(15, 30)
"""A net asset value is made of the day's closing prices, whenever it is published."""
_STALE_DAYS = 15
"""The newest table is never older: longer than any row of holidays."""


@SOURCES.register(NAME)
class Amfi:
    """Funds by ISIN, else by scheme code. Raises Retry, Rejected. Thread-safe.

    Options: root_url (AMFI's portal), history_url (who tells one scheme's past in mfapi's shape; the root's
    path /mfapi where only that is given); user_agent; the polite ones, for each of the two.
    """

    name = NAME

    def __init__(self, options: Mapping[str, str], gates: Gates) -> None:
        given = Options(NAME, options, {"root_url", "history_url", "user_agent", *POLITE})
        root = given.url("root_url", "https://portal.amfiindia.com")
        mirror = f"{root}/mfapi" if "root_url" in options else "https://api.mfapi.in"
        headers = {"User-Agent": given.text("user_agent", _AGENT) or _AGENT}
        timeout = given.above_zero("timeout_seconds", 30)
        manners = given.manners(1)
        self._tables = gates.gate(NAME, root, manners, headers=headers, timeout_seconds=timeout)
        self._mirror = gates.gate(
            f"{NAME}-history", given.url("history_url", mirror), manners, headers=headers,
            timeout_seconds=timeout,
        )  # fmt: skip
        self._codes: Mapping[str, str] = {}
        self._newest: TradingDay | None = None
        self._unknown: set[str] = set()
        self._lock = threading.Lock()

    def serves(self, listing: Listing) -> bool:
        return listing.exchange == "MF"

    def day_file(self, day: TradingDay) -> DayFile | None:
        """The values of exactly that day: of the newest from today's table, of earlier ones from the report.

        None where none are published. In the evening the table fills up: its digest tells that there is more.
        """
        if self._newest is None or day >= self._newest:
            table, newest = self._table()
            if day > newest:
                if day - newest > _STALE_DAYS:
                    raise Rejected(f"{WHO}: the newest table is one of {newest}", code="wrong_date")
                return None
            if day == newest:
                return _filed(day, table)
        return _filed(day, self._report(day))

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]:
        """The newest values, one call for any number of funds."""
        wanted = {one for one in listings if self.serves(one)}
        if not wanted:
            return {}
        return {
            listing: QuoteClaim(listing, one.value, None, Instant.at(one.day, _VALUED_AT), INR)
            for one in self._table()[0]
            if one.value is not None and one.day is not None
            for listing in one.listings
            if listing in wanted
        }

    def instruments(self) -> Iterator[MasterRow]:
        """Every scheme of today's table, once for each of its ISINs; its code is the token."""
        schemes = {listing: one for one in self._table()[0] for listing in one.listings}
        for listing, one in schemes.items():
            isin = find_isin(listing.symbol)
            claim = InstrumentClaim(listing, isin, one.whole_name, AssetClass.FUND, INR)
            yield MasterRow(claim, token=one.code)

    def fund_list(self) -> FundList:
        """The category of every fund that has an ISIN, from the lines between the rows of today's table."""
        table, newest = self._table()
        said = {isin: one.scheme_category for one in table for isin in one.isins if one.scheme_category}
        return FundList(NAME, newest, said)

    def bars(self, listing: Listing, since: TradingDay, until: TradingDay) -> BarsClaim | None:
        """The values of [since, until); None for a fund that neither AMFI nor the mirror knows."""
        if not self.serves(listing):
            return None
        if since >= until:
            return BarsClaim((), INR)
        code = self._code_of(listing)
        if code is None:
            return None
        try:
            found = self._mirror.read(
                f"/mf/{code}", lambda answer: past(document(answer, WHO), code, since, until)
            )
        except Rejected as refusal:
            if refusal.code == "http_404":
                return None
            raise
        return None if found is None else BarsClaim(tuple(found), INR)

    def close(self) -> None:
        self._tables.close()
        self._mirror.close()

    def _table(self) -> tuple[list[Value], TradingDay]:
        """Today's table and its newest day."""
        table = self._tables.read(_NEWEST, _read, remember=True)
        days = [one.day for one in table if one.day is not None and one.value is not None]
        if not days:
            raise Rejected(f"{WHO}: the table tells no values", code="no_rows")
        codes = {listing.symbol: one.code for one in table for listing in one.listings}
        newest = max(days)
        with self._lock:
            if newest != self._newest:
                self._unknown.clear()  # who was unknown may be new
            self._codes, self._newest = codes, newest
        return table, newest

    def _report(self, day: TradingDay) -> list[Value]:
        dated = f"{day.date:%d}-{_MONTHS[day.date.month - 1]}-{day.date.year}"
        return self._tables.read(_PAST, _read, params=[("frmdt", dated), ("todt", dated)])

    def _code_of(self, listing: Listing) -> str | None:
        """The scheme's code; for an unknown name a table is looked through once, not each time."""
        name = listing.symbol
        if name.isascii() and name.isdigit():
            return name
        if name not in self._codes and name not in self._unknown:
            self._table()
            with self._lock:
                if name not in self._codes:
                    self._unknown.add(name)
        return self._codes.get(name)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _read(answer: Answer) -> list[Value]:
    return list(values(plain(must_be_file(answer, WHO))))


def _filed(day: TradingDay, table: Sequence[Value]) -> DayFile | None:
    """The rows of that day; None where there are none at all, Rejected where all are of other days."""
    dated = [one for one in table if one.value is not None and one.day is not None]
    bars = {
        listing: DayBar(
            listing, find_isin(listing.symbol), Bar(day, one.value), None, one.whole_name, AssetClass.FUND
        )
        for one in dated
        if one.day == day and one.value is not None
        for listing in one.listings
    }
    if not bars and dated:
        raise Rejected(f"{WHO}: the report of {day} is one of {dated[0].day}", code="wrong_date")
    whole = tuple(bars.values())
    return DayFile(NAME, day, INR, whole, digest_of(whole)) if whole else None
