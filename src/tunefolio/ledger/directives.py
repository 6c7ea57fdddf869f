"""Directives of a text book: portfolios, accounts, instruments, prices, rates; both ways.

portfolio "Family" INR
account "Zerodha" INR fifo
instrument NSE:INFY equity isin INE009A01021 "Infosys"
2024-04-01 price NSE:INFY 1500
2024-04-01 rate USD 83.12 INR
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, Isin, isin_of
from tunefolio.core.money import INR, Currency, currency_of
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import name_of
from tunefolio.ledger.words import number_of, quoted, word_of
from tunefolio.market.accruals import AccrualTerms, terms_of, words_of
from tunefolio.market.instruments import AssetClass, Listing, exchange_of, usual_class

METHODS = ("fifo", "lifo", "hifo", "average")

_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]\Z")


@dataclass(frozen=True, slots=True)
class TextPortfolio:
    """A group of accounts with its reporting currency."""

    name: str
    currency: Currency = INR


@dataclass(frozen=True, slots=True)
class TextAccount:
    """An account of a text book. method: how lots are chosen, "" where the book does not say."""

    id: AccountId
    name: str
    currency: Currency = INR
    method: str = ""
    portfolio: str = ""


@dataclass(frozen=True, slots=True)
class TextInstrument:
    """An instrument of a text book. currency None: the one it is first traded in. name: as lines call it.

    listed: its first day on the exchange, None where the book does not say; no fact lies before it.
    """

    id: InstrumentId
    name: str
    listing: Listing
    asset_class: AssetClass
    currency: Currency | None = None
    isin: Isin | None = None
    title: str = ""
    terms: AccrualTerms | None = None
    is_declared: bool = False
    listed: TradingDay | None = None


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A close: what one unit cost that day, > 0. currency None: the instrument's own."""

    day: TradingDay
    instrument: InstrumentId
    price: Decimal
    currency: Currency | None
    place: str


@dataclass(frozen=True, slots=True)
class RateLine:
    """1 base = rate quote that day, > 0."""

    day: TradingDay
    base: Currency
    quote: Currency
    rate: Decimal
    place: str


def listing_of(name: str) -> tuple[Listing, Isin | None]:
    """EXCHANGE:SYMBOL, where one symbol has several rows with ~ISIN or ~SERIES behind; raises Misuse."""
    exchange, colon, rest = name.strip().upper().partition(":")
    symbol, *marks = rest.split("~")
    if not colon or not symbol:
        cure = "Write it as NSE:INFY; OWN:NAME for a holding of your own"
        raise Misuse("instrument", f"{name!r} names no exchange", cure=cure)
    isin = next((isin_of(mark) for mark in marks if _ISIN.match(mark)), None)
    series = next((mark for mark in marks if not _ISIN.match(mark)), "")
    return Listing(exchange_of(exchange), symbol, series), isin


def plain_instrument(id: InstrumentId, name: str) -> TextInstrument:
    """An instrument that a line names without a directive: class by its exchange, no more known."""
    listing, isin = listing_of(name)
    usual = usual_class(listing.exchange, listing.symbol)
    return TextInstrument(id, written(name), listing, usual, None, isin)


def written(name: str) -> str:
    """One spelling of a name: capitals, no blanks around."""
    return name.strip().upper()


def portfolio_of(words: Sequence[str]) -> TextPortfolio:
    """portfolio NAME [CCC]."""
    if not words or len(words) > 2:
        raise Misuse("portfolio", "needs a name and may have a currency", cure='Write portfolio "Family" INR')
    return TextPortfolio(_name(words[0]), currency_of(words[1]) if len(words) == 2 else INR)


def account_of(
    words: Sequence[str], id: AccountId, portfolio: TextPortfolio | None, known: Mapping[str, Currency]
) -> TextAccount:
    """account NAME [CCC] [fifo|lifo|hifo|average], in any order behind the name. known: currencies of
    accounts by name, for one that says none."""
    if not words:
        raise Misuse("account", "needs a name", cure='Write account "Zerodha" INR fifo')
    currency, method = None, ""
    for word in words[1:]:
        if word.lower() in METHODS and not method:
            method = word.lower()
        elif _CURRENCY.match(word) and currency is None:
            currency = currency_of(word)
        else:
            cure = f"A name of several words stands in quotes; behind it a currency or {', '.join(METHODS)}"
            raise Misuse("account", f"{word!r} is not understood", cure=cure)
    name = _name(words[0])
    usual = known.get(name) or (INR if portfolio is None else portfolio.currency)
    return TextAccount(id, name, currency or usual, method, portfolio.name if portfolio else "")


def instrument_of(words: Sequence[str], id: InstrumentId) -> TextInstrument:
    """instrument NAME [class] [CCC] [isin CODE] [series S] [listed DAY] ["title"] [terms]."""
    if not words:
        raise Misuse("instrument", "needs a name", cure="Write instrument NSE:INFY equity")
    made = plain_instrument(id, words[0].removeprefix('"'))
    asset_class, currency, isin, title, series = made.asset_class, None, made.isin, "", made.listing.series
    listed: TradingDay | None = None
    terms: list[str] = []
    left = iter(words[1:])
    for word in left:
        if word.startswith('"'):
            title = word[1:]
        elif word == "isin":
            isin = isin_of(next(left, ""))
        elif word == "series":
            series = next(left, "").upper()
        elif word == "listed":
            listed = TradingDay.parse(next(left, ""))
        elif word.lower() in set(AssetClass):
            asset_class = AssetClass(word.lower())
        elif _CURRENCY.match(word) and currency is None:
            currency = currency_of(word)
        else:
            terms = [word, *left]
    listing = Listing(made.listing.exchange, made.listing.symbol, series)
    title, terms = _title_behind(title, terms)
    return TextInstrument(
        id, made.name, listing, asset_class, currency, isin, title, _terms(terms, asset_class), True, listed
    )


def _title_behind(title: str, terms: list[str]) -> tuple[str, list[str]]:
    """A quoted name may also stand behind the terms."""
    if terms and terms[-1].startswith('"') and not title:
        return terms[-1][1:], terms[:-1]
    return title, terms


def _terms(words: Sequence[str], asset_class: AssetClass) -> AccrualTerms | None:
    if not words:
        return None
    if asset_class is not AssetClass.FIXED:
        cure = f"Known classes: {', '.join(AssetClass)}; terms belong to fixed"
        raise Misuse("instrument", f"{words[0]!r} is not understood", cure=cure)
    return terms_of(words)


def price_of(words: Sequence[str]) -> tuple[str, Decimal, Currency | None]:
    """price NAME NUMBER [CCC] → name, price, currency."""
    if len(words) not in {2, 3}:
        raise Misuse("price", "needs an instrument and a number", cure="Write DAY price NSE:INFY 1500")
    price = number_of(words[1], "price")
    if price <= 0:
        raise Misuse(
            "price", f"{words[1]} must be above zero", cure="Record a write_off for what is worthless"
        )
    return words[0].removeprefix('"'), price, currency_of(words[2]) if len(words) == 3 else None


def rate_of(words: Sequence[str], usual: Currency) -> tuple[Currency, Currency, Decimal]:
    """rate BASE NUMBER [QUOTE], or rate BASE/QUOTE NUMBER → base, quote, rate.

    usual: of the account or portfolio above; a rate of that very currency is one in rupees.
    """
    if len(words) not in {2, 3}:
        raise Misuse("rate", "needs a currency and a number", cure="Write DAY rate USD 83.12 INR")
    base, slash, quote = words[0].partition("/")
    quote = words[2] if len(words) == 3 else quote if slash else usual if base != usual else INR
    rate = number_of(words[1], "rate")
    if rate <= 0:
        raise Misuse(
            "rate", f"{words[1]} must be above zero", cure="Write how much of the other one unit buys"
        )
    if base == quote:
        raise Misuse("rate", f"{base} in {quote} is always 1", cure="Name two currencies")
    return currency_of(base), currency_of(quote), rate


def _name(word: str) -> str:
    return name_of(word.removeprefix('"'))


def portfolio_line(portfolio: TextPortfolio) -> str:
    return f"portfolio {quoted(portfolio.name)} {portfolio.currency}"


def account_line(account: TextAccount) -> str:
    method = f" {account.method}" if account.method else ""
    return f"account {quoted(account.name)} {account.currency}{method}"


def instrument_line(instrument: TextInstrument) -> str:
    """Everything known of it, so that a reader makes the same."""
    return " ".join(_instrument_parts(instrument))


def _instrument_parts(instrument: TextInstrument) -> Iterator[str]:
    yield from ("instrument", word_of(instrument.name), instrument.asset_class.value)
    if instrument.currency is not None:
        yield instrument.currency
    if instrument.isin is not None:
        yield from ("isin", instrument.isin)
    if instrument.listing.series:
        yield from ("series", word_of(instrument.listing.series))
    if instrument.listed is not None:
        yield from ("listed", instrument.listed.iso())
    if instrument.title:
        yield quoted(instrument.title)
    if instrument.terms is not None:
        yield from words_of(instrument.terms)
