"""One fact, one line, both ways, for every kind; a wrong word is named."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.books import name_of, number_of
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import INR, Currency, Money, Price, plain
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.feeparts import FeeName, FeeParts, parts_of
from tunefolio.ledger.kinds import RULES, Delivery, Kind
from tunefolio.ledger.meanings import Meanings, Spellings
from tunefolio.ledger.notation import (
    Line,
    TakenBack,
    keyed,
    line,
    parse_line,
    read_line,
    reversal_line,
)
from tunefolio.ledger.transactions import Fact, Pick, Ratio

USD = Currency("USD")
ACCOUNTS = ("Main", "Kotak", "Zerodha", 'my "second" one', "to")
ORDERS = ("", "1100000012345678", "A-7,x;%41")
KEYS = ("T-17", "manual:ab12", "action:yahoo:INFY:2024-06-01:split", "two words, %41", "Ω")


class Names:
    """Names in the order in which they are first said, as a text book keeps them."""

    def __init__(self) -> None:
        self.known: list[str] = []

    def id_of(self, name: str) -> InstrumentId:
        if name not in self.known:
            self.known.append(name)
        return InstrumentId(self.known.index(name) + 1)

    def name_of(self, id: InstrumentId) -> str:
        return self.known[id - 1]


def meanings(names: Names, currency: Currency = INR) -> Meanings:
    return Meanings(
        names.id_of,
        lambda name: AccountId(ACCOUNTS.index(name) + 1),
        lambda key: TransactionId(KEYS.index(key) + 1),
        currency,
    )


def spellings(names: Names) -> Spellings:
    return Spellings(names.name_of, lambda id: ACCOUNTS[id - 1], lambda id: KEYS[id - 1])


@pytest.mark.parametrize(
    "text",
    [
        '2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.5 #core "first tranche"',
        "2024-04-01 sell 2.5 NSE:M&M @ 1500.05",
        "2024-04-01 buy 3 NSE:TCS @ 33.333 = 99.99",
        "2024-04-01 buy 3 NSE:TCS = 100 fee 1",
        "2024-07-01 dividend 280 NSE:INFY fee 28 #income #2024",
        "2024-07-01 deposit 50000 USD",
        "2024-07-01 withdrawal 1",
        '2024-07-02 fee 118 "annual \\"demat\\" charge \\\\ GST"',
        '2024-07-02 fee 118 "demat: half of it"',
        "2024-07-02 fee 15.34 NSE:INFY",
        "2026-11-20 opening 24 NSE:RELIANCE @ 1312.3333",
        "2026-11-20 opening 24 NSE:RELIANCE = 31000 acquired 2019-02-01",
        "2024-04-01 buy 1 NSE:TCS @ 3000 at 2024-04-01T03:50:11+00:00",
        "2024-06-03 buy 100 NSE:GS2033 @ 101.5 fee 10 accrued 233.33",
        "2024-06-03 sell 15 NSE:INFY @ 1600 fee 15 tax 2 lots T-17:10,manual:ab12:5 ^T-18",
        "2024-06-03 interest 350 tax 35",
        "2024-06-03 split 10:1 NSE:NESTLEIND into NSE:NESTLEINDIA units 1234.5",
        "2024-06-03 merger NSE:GHCL = 15000 fee 3",
        "2024-06-03 merger 42:25 NSE:HDFC into NSE:HDFCBANK = 100.5 cost 87.5% units 168",
        "2024-06-03 split 10:1 NASDAQ:NVDA USD",
        '2024-05-01 transfer_out 5000 USD to "Kotak"'.replace(' USD to "Kotak"', ' to "Kotak" USD'),
        '2024-05-01 transfer_in 10 NSE:INFY from "my \\"second\\" one"',
        "2024-05-01 transfer_in 10 NSE:INFY @ 1500 acquired 2020-01-01",
        "2024-06-27 exercise 75 NFO:NIFTY24JUN22000CE @ 0 takes NSE:INFY",
        "2024-06-27 expiry 75 NFO:NIFTY24JUN22000CE",
        "2024-06-27 expiry 75 NFO:NIFTY24JUN22000CE @ 200 fee 5",
        '2024-06-27 buy 1.5 "MF:A fund, with spaces" @ 10',
        "2024-06-27 dividend 0 NSE:INFY = 0",
        "2024-06-27 buy 1 NSE:INFY @ 0 = 0",
    ],
)
def test_a_line_comes_back_as_it_was(text: str) -> None:
    names = Names()
    found = read_line(text, meanings(names))
    assert isinstance(found, Line)
    assert line(found.fact, spellings(names), found.tags, key=found.key) == text


@pytest.mark.parametrize("kind", Kind)
def test_the_example_of_every_kind_is_a_line(kind: Kind) -> None:
    names, example = Names(), RULES[kind].example or f"2024-04-01 {kind} 50000"
    found = read_line(example, meanings(names))
    assert isinstance(found, Line)
    assert found.fact.kind is kind
    assert read_line(line(found.fact, spellings(names)), meanings(names)) == found


def test_the_head_is_read_in_either_order() -> None:
    names = Names()
    for one, other in (
        ("2024-04-01 buy 10 NSE:INFY @ 1", "2024-04-01 buy NSE:INFY 10 @ 1"),
        ("2024-04-01 split 10:1 NSE:INFY", "2024-04-01 split NSE:INFY 10:1"),
        ("2024-04-01 write_off 1 NSE:INFY", "2024-04-01 WRITE-OFF NSE:INFY 1 ; worthless"),
    ):
        assert read_line(one, meanings(names)) == read_line(other, meanings(names))


def test_a_reversal_names_a_key() -> None:
    taken_back = read_line("2024-06-01 reverse ^two%20words%2C%20%2541", meanings(Names()))
    assert taken_back == TakenBack(TradingDay.parse("2024-06-01"), "two words, %41")
    assert read_line(reversal_line(taken_back), meanings(Names())) == taken_back


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_every_key_survives_the_round_trip(key: str) -> None:
    found = read_line(f"2024-04-01 deposit 1 ^{keyed(key)}", Meanings(number_of))
    assert isinstance(found, Line)
    assert found.key == key


# ── every kind with every field it may carry ──────────────────────────────────────────────────────

amounts = st.decimals(min_value="0.01", max_value="9999999", places=2)
quantities = st.decimals(min_value="0.00000001", max_value="99999", places=8)
days = st.integers(min_value=0, max_value=9000).map(lambda n: TradingDay.parse("2000-01-01").plus_days(n))
NOTES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    """Any lawful fact: each kind with what it needs and any of what it may carry."""
    kind = draw(st.sampled_from(list(Kind)))
    rule, day, currency = RULES[kind], draw(days), draw(st.sampled_from([INR, USD]))

    def has(name: str) -> bool:
        return name in rule.needs or (name in rule.may and draw(st.booleans()))

    def money(most: str = "9999999") -> Money:
        return Money(draw(st.decimals(min_value="0", max_value=most, places=2)), currency)

    def up_to(most: str, places: int, least: str = "0") -> Decimal:
        return draw(st.decimals(min_value=least, max_value=most, places=places))

    given_: dict[str, object] = {
        "instrument": InstrumentId(1) if has("instrument") else None,
        "quantity": draw(quantities) if has("quantity") else None,
        "price": Price(up_to("9999", 4), currency) if has("price") else None,
        "fees": money("500") if has("fees") else None,
        "tax": money("500") if has("tax") else None,
        "accrued": money("500") if has("accrued") else None,
        "other": InstrumentId(2) if has("other") else None,
        "ratio": Ratio(draw(quantities), draw(quantities)) if has("ratio") else None,
        "cost_ratio": up_to("1", 12, "0.000000000001") if has("cost_ratio") else None,
        "counter": Money(draw(amounts), USD if currency == INR else INR) if has("counter") else None,
        "counterpart": AccountId(draw(st.integers(1, len(ACCOUNTS)))) if has("counterpart") else None,
        "acquired": day.plus_days(-draw(st.integers(0, 3000))) if has("acquired") else None,
        "amount": money() if has("amount") else Money.zero(currency),
        "note": draw(NOTES),
        "at": Instant.parse("2024-04-01T03:50:11.25+00:00") if draw(st.booleans()) else None,
        "order": draw(st.sampled_from(ORDERS)) if rule.allows("price") else "",
    }  # fmt: skip
    _made_lawful(draw, kind, given_, currency)
    given_["parts"] = draw(parts_adding_up_to(given_["fees"]))
    amount = given_.pop("amount")
    return Fact(kind, day, amount, **given_)  # type: ignore[arg-type]


@st.composite
def parts_adding_up_to(draw: st.DrawFn, fees: object) -> FeeParts:
    """Nothing said, or the fees as two charges."""
    if not isinstance(fees, Money) or draw(st.booleans()):
        return ()
    brokerage = draw(st.decimals(min_value="0", max_value=fees.amount, places=4))
    return parts_of({FeeName.STT: fees.amount - brokerage, FeeName.BROKERAGE: brokerage})


def _made_lawful(draw: st.DrawFn, kind: Kind, given_: dict[str, object], currency: Currency) -> None:
    """What must agree with each other, made to agree."""
    if kind in {Kind.EXERCISE, Kind.ASSIGNMENT}:
        given_["delivery"] = draw(st.sampled_from(Delivery)) if given_["other"] else None
        if given_["delivery"] is Delivery.TAKES:
            given_["tax"] = None
    if "picks" in RULES[kind].may and draw(st.booleans()):
        parts = draw(st.lists(quantities, min_size=1, max_size=3))
        given_["picks"] = tuple(Pick(TransactionId(place), part) for place, part in enumerate(parts, 1))
        given_["quantity"] = sum(parts, Decimal(0))
    if kind is Kind.MERGER:
        if given_["other"] is None or given_["ratio"] is None:
            given_ |= {"other": None, "ratio": None, "cost_ratio": None}
            given_["amount"] = Money(draw(amounts), currency)
        else:
            given_ |= {"amount": Money.zero(currency), "cost_ratio": None}
            if draw(st.booleans()):
                given_ |= {"amount": Money(draw(amounts), currency), "cost_ratio": Decimal("0.875")}
    if kind in {Kind.TRANSFER_IN, Kind.TRANSFER_OUT}:
        _transfer_made_lawful(draw, kind, given_, currency)


def _transfer_made_lawful(draw: st.DrawFn, kind: Kind, given_: dict[str, object], currency: Currency) -> None:
    if draw(st.booleans()):
        moved = {"quantity": None, "instrument": None, "price": None, "fees": None, "picks": ()}
        given_ |= {**moved, "acquired": None, "amount": Money(draw(amounts), currency)}
        return
    quantity = given_["quantity"] or draw(quantities)
    given_ |= {"quantity": quantity, "instrument": InstrumentId(1)}
    if kind is Kind.TRANSFER_OUT or given_["counterpart"] is not None:
        given_ |= {"amount": Money.zero(currency), "price": None, "acquired": None}


@given(
    facts(),
    st.lists(st.text("abcxyz-_/0123456789", min_size=1, max_size=10), max_size=3),
    st.sampled_from(["", *KEYS]),
)
def test_every_fact_survives_the_round_trip(fact: Fact, tags: list[str], key: str) -> None:
    names = Names()
    names.known = ["NSE:M&M", "MF:Fund of funds #1"]
    text = line(fact, spellings(names), tags, key=key)
    assert "\n" not in text
    again = read_line(text, meanings(names))
    assert isinstance(again, Line)
    assert (list(again.tags), again.key) == (tags, key)
    assert again.fact.fingerprint(AccountId(1), Book.LIVE) == fact.fingerprint(AccountId(1), Book.LIVE)
    assert line(again.fact, spellings(names), again.tags, key=again.key) == text


def test_what_charges_are_made_of_and_the_order_stand_in_the_line() -> None:
    text = "2024-04-01 buy 10 NSE:INFY @ 1500 fee 35.6 parts brokerage:20,gst:3.6,stt:12 order 110024"
    fact, _ = parse_line(text, number_of)
    assert fact.order == "110024"
    assert [(part.name, part.amount) for part in fact.parts] == [
        (FeeName.BROKERAGE, 20), (FeeName.GST, Decimal("3.6")), (FeeName.STT, 12),
    ]  # fmt: skip
    assert line(fact, name_of) == text


def test_a_line_in_another_currency_names_it() -> None:
    fact = Fact(Kind.BUY, TradingDay.parse("2024-04-01"), Money.of("10", "USD"), number_of("TCS"), Decimal(1))
    assert line(fact, name_of) == "2024-04-01 buy 1 NSE:TCS = 10 USD"
    assert line(fact, name_of, currency=USD) == "2024-04-01 buy 1 NSE:TCS = 10"
    assert parse_line("2024-04-01 buy 1 TCS @ 10", number_of, USD)[0].price == Price.of("10", "USD")


def test_an_instrument_may_bring_its_own_currency() -> None:
    known = replace(meanings(Names()), currency_of=lambda _instrument: USD)
    found = read_line("2024-04-01 split 4:1 NASDAQ:AAPL", known)
    assert isinstance(found, Line)
    assert found.fact.amount == Money.zero(USD)


def test_grouped_numbers_are_read() -> None:
    fact, _ = parse_line("2024-04-01 deposit 1,00,000.50", number_of)
    assert plain(fact.amount.amount) == "100000.5"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("2024-04-01 buy", "line"),
        ("01/04/2024 buy 1 INFY @ 1", "YYYY-MM-DD"),
        ("2024-04-01 bought 1 INFY @ 1", "Known: opening"),
        ("2024-04-01 buy ten INFY @ 1", "quantity"),
        ("2024-04-01 buy 1", "instrument"),
        ("2024-04-01 buy 1 INFY", "Write @ PRICE"),
        ("2024-04-01 buy 1 INFY @ 1 fee 2 parts stt:1", "add up to 1"),
        ("2024-04-01 buy 1 INFY @ 1 fee 2 parts stt:1,stt:1", "twice"),
        ("2024-04-01 buy 1 INFY @ 1 fee 2 parts toll:2", "known: brokerage"),
        ("2024-04-01 buy 1 INFY @ 1 fee 2 parts stt", "no charge"),
        ("2024-04-01 buy 1 INFY @ 1 fee 2 parts stt:-2", "above zero"),
        ("2024-04-01 deposit 5 parts stt:1", "parts"),
        ("2024-04-01 deposit 5 order 7", "order"),
        ("2024-04-01 buy 1 INFY @ 1 order 0", "no order's number"),
        ("2024-04-01 buy 1 INFY @", "price"),
        ("2024-04-01 buy 1 INFY @ x", "price"),
        ("2024-04-01 buy 1 INFY @ -1", "price"),
        ("2024-04-01 buy 1 INFY @ 0", "Write = 0"),
        ("2024-04-01 buy -1 INFY @ 1", "quantity"),
        ("2024-04-01 buy 0 INFY @ 1", "quantity: 0 must be above zero"),
        ("2024-04-01 buy 1 INFY @ 1 fee -2", "fee: -2"),
        ("2024-04-01 buy 1 INFY @ 1 fee 2 fee 2", "'fee' is said twice"),
        ("2024-04-01 buy 1 INFY @ 1 7", "Say what the number is"),
        ("2024-04-01 buy 1 INFY @ 1 USD fee 2 INR", "USD and INR in one line"),
        ("2024-04-01 buy 1 INFY @ 1 usd", "in capitals: USD"),
        ("2024-04-01 deposit 10 @ 1", "amount only"),
        ("2024-04-01 deposit -10", "amount: -10 must be above zero"),
        ("2024-04-01 deposit 0", "above zero"),
        ("2024-04-01 deposit 10 fee 1", "carries no fee"),
        ("2024-04-01 deposit 10 hello", "'hello'"),
        ('2024-04-01 deposit 10 "hello', "not closed"),
        ('2024-04-01 deposit 10 "a" "b"', "two notes"),
        ("2024-04-01 deposit 10 #", "tag"),
        ("2024-04-01 deposit 10 ^", "key"),
        ("2024-04-01 buy 1 INFY @ 1 at noon", "ISO 8601"),
        ("2024-04-01 split 10 INFY", "Write new:old"),
        ("2024-04-01 split 0:1 INFY", "above zero"),
        ("2024-04-01 split INFY TCS", "needs its ratio"),
        ("2024-04-01 demerger 1:1 INFY into TCS", "not available: ratio"),
        ("2024-04-01 demerger 1:1 INFY into TCS cost 0.05", "cost 4.68%"),
        ("2024-04-01 demerger 1:1 INFY into TCS cost 120%", "at most 1"),
        ("2024-04-01 demerger 1:1 INFY into INFY cost 1%", "two different"),
        ("2024-04-01 convert 10 INR for 5 INR", "another currency"),
        ("2024-04-01 convert 10 INR for 5", "nothing stands behind"),
        ("2024-04-01 buy 1 INFY @ 1 to X", "no counterpart"),
        ("2024-04-01 buy 1 INFY @ 1 into TCS", "no other"),
        ("2024-04-01 sell 1 INFY @ 1 lots T-17", "KEY:UNITS"),
        ("2024-04-01 sell 2 INFY @ 1 lots T-17:1", "add up"),
        ("2024-04-01 opening 1 INFY @ 1 acquired 2024-04-02", "lies after"),
        ("2024-04-01 reverse T-17", "by its key"),
        ("2024-04-01 exercise 1 INFY @ 1 takes TCS gives TCS", "one way"),
        ("2024-04-01 buy 1 INFY @ 1 units 5", "units: a buy has no quantity"),
        ("2024-04-01 split 2:1 INFY units 0", "above zero"),
        ("2024-04-01 buy 1 INFY @ 1 cost 5%", "no cost ratio"),
        ("2024-04-01 buy 1 INFY @ 1 for 5 USD", "no counter"),
        ("2024-04-01 exercise 1 INFY @ 1 into TCS", "no other"),
        ("2024-04-01 buy 1 INFY @ 1 from TCS", "no counterpart"),
        ("2024-04-01 buy 1 INFY @ 1 acquired 2024-01-01", "no acquired"),
        ("2024-04-01 buy 1 INFY @ 1 takes TCS", "no delivery"),
        ("2024-04-01 buy 1 INFY @ 1 lots a:1", "no picks"),
        ("2024-04-01 sell 1 INFY @ 1 lots T-17:0", "above zero"),
        ("2024-04-01 split 2:1 INFY = 5", "no amount"),
        ("2024-04-01 split 2:1 INFY @ 5", "no price"),
        ("2024-04-01 convert 5 for 5 USD tax 5", "carries no tax"),
        ("2024-04-01 merger 2:1 INFY into TCS = 5 lots a", "no picks"),
    ],
)  # fmt: skip
def test_a_wrong_line_names_the_word_and_the_cure(text: str, names: str) -> None:
    with pytest.raises(Misuse, match=names):
        read_line(text, meanings(Names()))


def test_outside_a_text_book_accounts_lots_and_reversals_have_no_names() -> None:
    for text in (
        "2024-04-01 transfer_out 1 NSE:INFY to Kotak",
        "2024-04-01 sell 1 NSE:INFY @ 1 lots T-17:1",
        "2024-04-01 reverse ^T-17",
    ):
        with pytest.raises(Misuse):
            parse_line(text, number_of)
    fact = read_line("2024-04-01 transfer_out 1 NSE:INFY to Kotak", meanings(Names()))
    assert isinstance(fact, Line)
    with pytest.raises(Misuse, match="no name to write"):
        line(fact.fact, name_of)
