"""The thin call to CoinGecko: few calls a minute, a budget a month; coins are found by their rank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, timedelta
from types import MappingProxyType
from urllib.parse import quote

import orjson

from tunefolio.adapters.answers import ordered
from tunefolio.adapters.gates import Gates, Manners
from tunefolio.adapters.http import Answer
from tunefolio.adapters.options import Options
from tunefolio.adapters.prices import SOURCES
from tunefolio.adapters.prices.coingecko import parsers
from tunefolio.adapters.prices.coingecko.parsers import Coin
from tunefolio.core.errors import Misuse, Rejected
from tunefolio.core.time import SystemClock, TradingDay, calendar_date
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.market.provider import BarsClaim, MasterRow, QuoteClaim

NAME = "coingecko"
_ROOTS = {
    "demo": "https://api.coingecko.com/api/v3",
    "pro": "https://pro-api.coingecko.com/api/v3",
}
_KEYS = {"demo": "x-cg-demo-api-key", "pro": "x-cg-pro-api-key"}
_PAGE = 250
_BATCH = 100
_DEMO_DAYS = 365
_KEPT = timedelta(days=1)
_KNOWN: Mapping[str, str] = MappingProxyType(
    {
        "BTC": "bitcoin", "ETH": "ethereum", "USDT": "tether", "USDC": "usd-coin", "BNB": "binancecoin",
        "SOL": "solana", "XRP": "ripple", "ADA": "cardano", "DOGE": "dogecoin", "TRX": "tron",
        "DOT": "polkadot",
        "LTC": "litecoin", "LINK": "chainlink", "BCH": "bitcoin-cash", "XLM": "stellar", "ARB": "arbitrum",
        "SHIB": "shiba-inu", "AVAX": "avalanche-2", "UNI": "uniswap", "ATOM": "cosmos",
    }
)  # fmt: skip


@SOURCES.register(NAME)
class CoinGecko:
    """CRYPTO:BTC in the operator's currency. A ticker means the coin that is worth most under it, unless
    `ids` says otherwise. Raises Retry, Rejected. Thread-safe.

    Options: plan (demo or pro), api_key, currency, ids (BTC=bitcoin,…), calls_per_minute, calls_per_month,
    pages (of 250 coins whose rank is asked); root_url, requests_per_second, timeout_seconds, rest_seconds.
    """

    name = NAME

    def __init__(self, options: Mapping[str, str], gates: Gates) -> None:
        given = Options(NAME, options, {
            "root_url", "plan", "api_key", "currency", "ids", "calls_per_minute", "calls_per_month", "pages",
            "requests_per_second", "timeout_seconds", "rest_seconds",
        })  # fmt: skip
        self._plan = given.one_of("plan", "demo", _ROOTS)
        self._currency = given.currency("currency", "INR")
        self._ids = _ids_of(given)
        self._pages = given.whole("pages", 4) or 4
        self._shared = gates.shared
        key = given.text("api_key")
        self._gate = gates.gate(
            NAME,
            given.url("root_url", _ROOTS[self._plan]),
            _manners(given),
            judge=parsers.judged,
            headers={_KEYS[self._plan]: key} if key else {},
            timeout_seconds=given.above_zero("timeout_seconds", 15),
        )

    def serves(self, listing: Listing) -> bool:
        return listing.exchange == "CRYPTO" and bool(listing.symbol)

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]:
        """A hundred coins to a call."""
        wanted = {coin: one for one in listings if (coin := self._id_of(one)) is not None}
        found: dict[Listing, QuoteClaim] = {}
        coins = sorted(wanted)
        for start in range(0, len(coins), _BATCH):
            query = [
                ("ids", ",".join(coins[start : start + _BATCH])), ("vs_currencies", self._currency.lower()),
                ("include_last_updated_at", "true"), ("include_24hr_change", "true"), ("precision", "full"),
            ]  # fmt: skip
            found |= self._gate.read(
                "/simple/price", lambda answer: parsers.prices(answer, self._currency, wanted), params=query
            )
        return found

    def bars(self, listing: Listing, since: TradingDay, until: TradingDay) -> BarsClaim | None:
        """Closes alone, of whole days of UTC; a demo key reaches back a year, and knows nothing before."""
        coin = self._id_of(listing)
        if coin is None:
            return None
        today = TradingDay(calendar_date(SystemClock().now(), UTC))
        days = today - since + 1
        if since >= until or days <= 0:
            return BarsClaim((), self._currency)
        if self._plan == "demo":
            if until <= today.plus_days(-_DEMO_DAYS):
                return None
            days = min(days, _DEMO_DAYS)
        query = [
            ("vs_currency", self._currency.lower()), ("days", str(days)), ("interval", "daily"),
            ("precision", "full"),
        ]  # fmt: skip
        try:
            path = f"/coins/{quote(coin, safe='')}/market_chart"
            found = self._gate.read(path, parsers.closes, params=query)
        except Rejected as refusal:
            if refusal.code == parsers.NO_SUCH_COIN:
                return None
            raise
        return BarsClaim(ordered(found, since, until), self._currency)

    def instruments(self) -> Iterator[MasterRow]:
        """Ranked coins first, then those whose ticker is theirs alone; others cannot be named by a ticker."""
        taken: set[str] = set()
        for page in range(1, self._pages + 1):
            rows = self._ranked(page)
            for coin in rows:
                if coin.symbol not in taken:
                    taken.add(coin.symbol)
                    yield self._row(coin)
            if len(rows) < _PAGE:
                break
        rest = [
            coin for coin in dict.fromkeys(self._gate.read("/coins/list", _all)) if coin.symbol not in taken
        ]
        counts: dict[str, int] = {}
        for coin in rest:
            counts[coin.symbol] = counts.get(coin.symbol, 0) + 1
        yield from (self._row(coin) for coin in rest if counts[coin.symbol] == 1)

    def close(self) -> None:
        self._gate.close()

    def _row(self, coin: Coin) -> MasterRow:
        listing = Listing("CRYPTO", coin.symbol)
        claim = InstrumentClaim(listing, None, coin.name, AssetClass.CRYPTO, self._currency)
        return MasterRow(claim, token=coin.id)

    def _id_of(self, listing: Listing) -> str | None:
        """By the operator's word, by the best known, else by rank among the coins of the first pages."""
        if not self.serves(listing):
            return None
        symbol = listing.symbol.upper()
        return self._ids.get(symbol) or _KNOWN.get(symbol) or self._by_rank().get(symbol)

    def _by_rank(self) -> Mapping[str, str]:
        """Ticker to id, the most valuable first; asked once a day by all processes together."""
        kept = self._shared.get(f"{NAME}:ids")
        if kept is not None:
            ids: dict[str, str] = orjson.loads(kept)
            return ids
        ids = {}
        for page in range(1, self._pages + 1):
            rows = self._ranked(page)
            for coin in rows:
                ids.setdefault(coin.symbol, coin.id)
            if len(rows) < _PAGE:
                break
        self._shared.put(f"{NAME}:ids", orjson.dumps(ids), _KEPT)
        return ids

    def _ranked(self, page: int) -> list[Coin]:
        query = [
            ("vs_currency", self._currency.lower()), ("order", "market_cap_desc"), ("per_page", str(_PAGE)),
            ("page", str(page)),
        ]  # fmt: skip
        return self._gate.read("/coins/markets", _all, params=query)


def _all(answer: Answer) -> list[Coin]:
    return list(parsers.coins(answer))


def _manners(given: Options) -> Manners:
    """Thirty calls a minute and ten thousand a month: what the demo plan was known to grant."""
    per_minute = given.whole("calls_per_minute", 30) or 30
    return Manners(
        per_second=given.above_zero("requests_per_second", per_minute / 60),
        burst=min(5, per_minute),
        budget=given.whole("calls_per_month", 10_000),
        period=timedelta(days=30),
        rest=timedelta(seconds=given.above_zero("rest_seconds", 60)),
    )


def _ids_of(given: Options) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for pair in given.listed("ids"):
        symbol, sign, coin = (part.strip() for part in pair.partition("="))
        if not (symbol and sign and coin):
            raise Misuse(f"{NAME}.ids", f"{pair!r} is not TICKER=id", cure="Write BTC=bitcoin,ETH=ethereum")
        found[symbol.upper()] = coin
    return found
