"""What the columns of a Vested trade report are taken to mean; its owner confirms it on the first file.

Vested documents no export. The words are those that its retail reports were seen to use; the wizard shows
the map before anything is read by it.
"""

from __future__ import annotations

from tunefolio.core.money import Currency
from tunefolio.ledger.columnmaps import PROFILES, USUAL_WORDS, Column, DayOrder, Profile
from tunefolio.ledger.kinds import Kind

NAMES = {
    Column.DAY: ("trade date", "date", "transaction date", "settlement date"),
    Column.TIME: ("time", "time in utc", "time et"),
    Column.KIND: ("activity", "transaction type", "type", "action", "side"),
    Column.SYMBOL: ("ticker", "symbol"),
    Column.NAME: ("name", "company", "stock name", "security"),
    Column.QUANTITY: ("quantity", "shares", "units", "no of shares", "filled qty"),
    Column.PRICE: ("price per share in usd", "price per share usd", "price usd", "price per share", "price"),
    Column.AMOUNT: ("cash amount in usd", "amount in usd", "amount usd", "cash amount", "amount"),
    Column.FEES: ("commission charges in usd", "commission", "commission usd", "fees", "fees usd"),
    Column.TAXES: ("tax withheld", "withholding tax", "tax withheld usd"),
    Column.TRADE_ID: ("trade id", "fill id"),
    Column.NOTE: ("comment", "notes", "comments"),
}
WORDS = dict(USUAL_WORDS) | {Kind.TAX: ("tax", "tds", "dividend tax", "divtax", "non resident alien tax")}


def _profile(*words: str) -> Profile:
    title, dollars = "Vested trade report", Currency("USD")
    return Profile(title, frozenset(words), NAMES, DayOrder.MDY, "NASDAQ", dollars, WORDS)


PROFILES.register("vested_cash")(_profile("ticker", "cash amount in usd"))
PROFILES.register("vested_price")(_profile("ticker", "price per share in usd"))
PROFILES.register("vested_plain")(_profile("ticker", "activity", "commission"))
