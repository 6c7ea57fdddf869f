"""The thin call to BSE: the daily file of its download page, and the list behind its page of scrips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tunefolio.adapters.answers import document
from tunefolio.adapters.bhavcopies import UDIFF_SINCE, day_file
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.http import Answer, by_refusal
from tunefolio.adapters.prices import SOURCES
from tunefolio.adapters.prices.bse import lists
from tunefolio.adapters.published import Addresses, Hosts, must_be_file, plain
from tunefolio.core.errors import Rejected, TunefolioError
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import DayFile, MasterRow

NAME = "bse"
WHO = "BSE"
_OWN = Addresses(
    "files_url",
    files="https://www.bseindia.com",
    site="https://api.bseindia.com",
    page="https://www.bseindia.com",
    per_second=0.5,
    has_origin=True,
)
_SCRIPS = "/BseIndiaAPI/api/ListofScripData/w"
_MISSING = "missing"


@SOURCES.register(NAME)
class Bse:
    """BSE's cash market since 2024-07-08, by ticker. Raises Retry, Rejected. Thread-safe.

    Options: root_url, or files_url and api_url; user_agent; the polite ones, for each of the two hosts.
    """

    name = NAME

    def __init__(self, options: Mapping[str, str], gates: Gates) -> None:
        hosts = Hosts(NAME, options, gates, own=_OWN)
        self._files, self._site = hosts.files(judged), hosts.site()

    def serves(self, listing: Listing) -> bool:
        """Scrips, not indices."""
        return listing.exchange == "BSE" and listing.symbol != "SENSEX" and " " not in listing.symbol

    def day_file(self, day: TradingDay) -> DayFile | None:
        """The cash market of that day; None without a file, and before BSE named scrips by their tickers."""
        if day < UDIFF_SINCE:
            return None

        def parse(answer: Answer) -> DayFile:
            lines = plain(must_be_file(answer, WHO))
            return day_file(lines, NAME, day, who=WHO, naming=lambda symbol, _: Listing("BSE", symbol))

        try:
            return self._files.read(cash_path(day), parse)
        except Rejected as refusal:
            if refusal.code == _MISSING:
                return None
            raise

    def instruments(self) -> Iterator[MasterRow]:
        """Every active scrip."""
        query = [
            ("Group", ""), ("Scripcode", ""), ("industry", ""), ("segment", "Equity"), ("status", "Active"),
        ]  # fmt: skip
        yield from self._site.read(
            _SCRIPS, lambda answer: lists.listed(document(answer, WHO)), params=query, remember=True
        )

    def close(self) -> None:
        self._files.close()
        self._site.close()


def cash_path(day: TradingDay) -> str:
    """Where BSE keeps the cash market of a day."""
    return f"/download/BhavCopy/Equity/BhavCopy_BSE_CM_0_0_0_{day.date:%Y%m%d}_F_0000.CSV"


def judged(answer: Answer) -> TunefolioError | None:
    """A file that is not there is a 404, or a way to BSE's page of errors."""
    is_lost = answer.status in {301, 302, 307} and "error" in answer.headers.get("location", "").lower()
    if answer.status == 404 or is_lost:
        return Rejected("BSE: no such file", code=_MISSING)
    return by_refusal(answer)
