"""What facts can say: every kind with its signs and fields. docs/spec/ledger.md prints this table.

Checks, the notation, forms, the API and the fold all read the same rules, so that none can disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a fact says happened; RULES tells what each one needs and does."""

    OPENING = "opening"
    BUY = "buy"
    SIP = "sip"
    SELL = "sell"
    SHORT = "short"
    COVER = "cover"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    CONVERT = "convert"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    DIVIDEND = "dividend"
    REINVEST = "reinvest"
    IN_SPECIE = "in_specie"
    INTEREST = "interest"
    STAKING = "staking"
    AIRDROP = "airdrop"
    FEE = "fee"
    TAX = "tax"
    SPLIT = "split"
    BONUS = "bonus"
    RIGHTS = "rights"
    SUBSCRIBE = "subscribe"
    MERGER = "merger"
    DEMERGER = "demerger"
    BUYBACK = "buyback"
    REPAYMENT = "repayment"
    RENAME = "rename"
    WRITE_OFF = "write_off"
    EXPIRY = "expiry"
    EXERCISE = "exercise"
    ASSIGNMENT = "assignment"


class Delivery(StrEnum):
    """What an exercised or assigned derivative makes its holder do: take units of `other`, or give them."""

    TAKES = "takes"
    GIVES = "gives"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the sign table. A, F, T, X: amount, fees, tax, accrued; Q: quantity; R: ratio.

    title, example: for people. units, cash, effect: what the fact does, in the words of docs/spec/ledger.md.
    needs, may: the fields of Fact it must and may carry; every other field must be empty. `amount` is named
    where one must or may be given; otherwise it is zero and only says the currency.
    rank: the order within a day: what adds units comes before what takes them.
    """

    title: str
    units: str
    cash: str
    effect: str
    needs: frozenset[str]
    may: frozenset[str] = field(default_factory=frozenset)
    rank: int = 50
    example: str = ""

    def allows(self, name: str) -> bool:
        return name in self.needs or name in self.may


def _rule(
    title: str, units: str, cash: str, effect: str, needs: str, may: str, rank: int, example: str
) -> Rule:
    return Rule(title, units, cash, effect, frozenset(needs.split()), frozenset(may.split()), rank, example)


_TRADE = "instrument quantity amount"

RULES: dict[Kind, Rule] = {
    Kind.OPENING: _rule(
        "Opening position", "+Q", "0", "a lot at A; its day is unknown unless `acquired` says it",
        _TRADE, "price acquired", 26, "2026-11-20 opening 24 NSE:RELIANCE @ 1312.33",
    ),
    Kind.BUY: _rule(
        "Purchase", "+Q", "−(A+X+F)", "a lot at A+F; accrued interest paid is negative income",
        _TRADE, "price fees accrued", 30, "2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.50",
    ),
    Kind.SIP: _rule(
        "SIP instalment", "+Q", "−(A+F)", "a lot at A+F, as a purchase",
        _TRADE, "price fees", 30, "2024-04-05 sip 12.345 MF:INF179K01YV8 = 4999.75 fee 0.25",
    ),
    Kind.SELL: _rule(
        "Sale", "−Q", "+(A+X−F−T)", "proceeds A−F matched to lots; accrued interest received is income",
        _TRADE, "price fees tax accrued picks", 60, "2024-06-03 sell 5 NSE:INFY @ 1600 fee 15",
    ),
    Kind.SHORT: _rule(
        "Short sale", "−Q (owed)", "+(A−F)", "a short lot that brought A−F",
        _TRADE, "price fees", 32, "2024-06-03 short 75 NFO:NIFTY24JUNFUT @ 22000",
    ),
    Kind.COVER: _rule(
        "Cover", "+Q (owed)", "−(A+F+T)", "closes short lots; gain = what they brought − (A+F)",
        _TRADE, "price fees tax picks", 62, "2024-06-05 cover 75 NFO:NIFTY24JUNFUT @ 21900",
    ),
    Kind.DEPOSIT: _rule(
        "Deposit", "0", "+A", "money from outside", "amount", "", 10, "2024-04-01 deposit 50000",
    ),
    Kind.WITHDRAWAL: _rule(
        "Withdrawal", "0", "−A", "money to the outside", "amount", "", 80, "2024-05-01 withdrawal 10000",
    ),
    Kind.CONVERT: _rule(
        "Currency conversion", "0", "−(A+F), +counter",
        "pays A in one currency, receives `counter` in another",
        "amount counter", "fees", 12, "2024-04-02 convert 83500 INR for 1000 USD",
    ),
    Kind.TRANSFER_OUT: _rule(
        "Transfer out", "−Q", "−F; −A without instrument",
        "lots leave with their days and cost; nothing is realised",
        "", "instrument quantity amount counterpart picks fees", 40,
        '2024-05-01 transfer_out 10 NSE:INFY to "Kotak"',
    ),
    Kind.TRANSFER_IN: _rule(
        "Transfer in", "+Q", "−F; +A without instrument",
        "the very lots that left the counterpart; from outside, a lot at A acquired on `acquired`",
        "", "instrument quantity amount price counterpart acquired fees", 41,
        '2024-05-01 transfer_in 10 NSE:INFY from "Zerodha"',
    ),
    Kind.DIVIDEND: _rule(
        "Dividend", "0", "+(A−F−T)", "income A; F and T were withheld",
        "instrument amount", "fees tax", 50, "2024-07-01 dividend 280 NSE:INFY tax 28",
    ),
    Kind.REINVEST: _rule(
        "Dividend reinvested", "+Q", "0", "income A+F+T; a lot at A+F",
        _TRADE, "price fees tax", 31, "2024-07-01 reinvest 2.5 MF:INF179K01YV8 @ 120",
    ),
    Kind.IN_SPECIE: _rule(
        "Dividend in specie", "+Q of other", "0", "income A+T of the payer; a lot of `other` at A",
        _TRADE + " other", "price tax", 31, "2024-07-01 in_specie 3 NSE:ITC into NSE:ITCHOTELS @ 180",
    ),
    Kind.INTEREST: _rule(
        "Interest", "0", "+(A−F−T)", "income A, of a bond or deposit, or of cash without instrument",
        "amount", "instrument fees tax", 50, "2024-09-30 interest 350 NSE:GS2033 tax 35",
    ),
    Kind.STAKING: _rule(
        "Staking reward", "+Q", "0", "income A+F+T at its value that day; a lot at A+F",
        _TRADE, "price fees tax", 31, "2024-07-01 staking 0.01 CRYPTO:ETH @ 280000",
    ),
    Kind.AIRDROP: _rule(
        "Airdrop", "+Q", "0", "income A at its value that day, which may be zero; a lot at A",
        _TRADE, "price", 31, "2024-07-01 airdrop 100 CRYPTO:ARB = 0",
    ),
    Kind.FEE: _rule(
        "Fee", "0", "−A", "a charge that belongs to no trade",
        "amount", "instrument", 70, "2024-06-30 fee 99",
    ),
    Kind.TAX: _rule(
        "Tax", "0", "−A", "tax or TDS that belongs to no other fact",
        "amount", "instrument", 70, "2024-06-30 tax 120 NSE:INFY",
    ),
    Kind.SPLIT: _rule(
        "Split", "×R", "0",
        "each lot's units × new ÷ old, day and cost kept; `other`: its new ISIN; R < 1 is a reverse split",
        "instrument ratio", "other quantity", 20, "2024-06-01 split 10:1 NSE:NESTLEIND",
    ),
    Kind.BONUS: _rule(
        "Bonus", "+held×R", "0", "a lot at cost 0 acquired that day; R = new units for old ones held",
        "instrument ratio", "quantity", 21, "2024-09-01 bonus 1:1 NSE:WIPRO",
    ),
    Kind.RIGHTS: _rule(
        "Rights entitlement", "+Q of other", "0",
        "a lot of the entitlement `other` at cost 0; renounce = sell it",
        "instrument other quantity", "", 22, "2024-02-05 rights 20 NSE:GRASIM into NSE:GRASIM-RE",
    ),
    Kind.SUBSCRIBE: _rule(
        "Rights subscription", "+Q; −Q of other", "−(A+F)",
        "a lot at A+F and the cost of the entitlements used up",
        _TRADE, "price fees other", 45, "2024-02-20 subscribe 20 NSE:GRASIM @ 1812 from NSE:GRASIM-RE",
    ),
    Kind.MERGER: _rule(
        "Merger", "−all; +R of other", "+(A−F−T)",
        "lots become lots of `other`, day kept; cash A takes 1 − cost_ratio of the cost and realises the "
        "rest; without `other` all units are sold for A",
        "instrument", "other ratio amount cost_ratio fees tax quantity", 23,
        "2023-07-13 merger 42:25 NSE:HDFC into NSE:HDFCBANK",
    ),
    Kind.DEMERGER: _rule(
        "Demerger", "+R of other", "0",
        "each lot gives cost_ratio of its cost to a lot of `other` that inherits its day",
        "instrument other ratio cost_ratio", "quantity", 24,
        "2023-07-20 demerger 1:1 NSE:RELIANCE into NSE:JIOFIN cost 4.68%",
    ),
    Kind.BUYBACK: _rule(
        "Buyback", "−Q", "+(A−F−T)", "proceeds A−F matched to lots; kept apart from sales for its tax",
        _TRADE, "price fees tax picks", 61, "2024-03-01 buyback 4 NSE:TCS @ 4150",
    ),
    Kind.REPAYMENT: _rule(
        "Capital repayment", "0", "+(A−F−T)",
        "lowers the cost of every lot pro rata; beyond cost it is realised gain",
        "instrument amount", "fees tax", 51, "2024-08-01 repayment 50 NSE:EMBASSY",
    ),
    Kind.RENAME: _rule(
        "Symbol or ISIN change", "−all; +all of other", "0",
        "every lot becomes a lot of `other`, day and cost kept",
        "instrument other", "", 15, "2025-04-09 rename NSE:ZOMATO into NSE:ETERNAL",
    ),
    Kind.WRITE_OFF: _rule(
        "Write-off", "−Q", "0", "units gone for nothing: their cost is a realised loss",
        "instrument quantity", "picks", 63, "2024-12-31 write_off 100 NSE:DHFL",
    ),
    Kind.EXPIRY: _rule(
        "Expiry", "−Q held or owed", "long +(A−F), short −(A+F)",
        "closes lots or short lots at the settlement A, 0 if worthless",
        "instrument quantity", "amount price fees", 64, "2024-06-27 expiry 75 NFO:NIFTY24JUN23000CE",
    ),
    Kind.EXERCISE: _rule(
        "Exercise", "−Q; ±Q of other", "settled in cash +(A−F−T); by delivery takes −(A+F), gives +(A−F−T)",
        "settled in cash: a sale for A; by delivery: the option's cost joins the cost (takes) or lowers the "
        "proceeds (gives) of `other`",
        _TRADE, "price fees tax other delivery", 65, "2024-06-27 exercise 75 NFO:NIFTY24JUN22000CE = 45000",
    ),
    Kind.ASSIGNMENT: _rule(
        "Assignment", "+Q owed; ±Q of other",
        "settled in cash −(A+F+T); by delivery takes −(A+F), gives +(A−F−T)",
        "settled in cash: a cover for A; by delivery: what the option brought lowers the cost (takes) or "
        "joins the proceeds (gives) of `other`",
        _TRADE, "price fees tax other delivery", 66, "2024-06-27 assignment 75 NFO:NIFTY24JUN22000CE = 45000",
    ),
}  # fmt: skip

BUYS = frozenset({Kind.BUY, Kind.SIP, Kind.SUBSCRIBE})
SALES = frozenset({Kind.SELL, Kind.BUYBACK})
CORPORATE = frozenset(
    {
        Kind.SPLIT, Kind.BONUS, Kind.RIGHTS, Kind.MERGER, Kind.DEMERGER, Kind.REPAYMENT, Kind.RENAME,
        Kind.IN_SPECIE,
    }
)  # fmt: skip
"""What a company does to its holders: found as market facts, applied to lots by source reference."""
