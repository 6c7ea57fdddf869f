"""Consolidated statements: what their PDFs say, kind by kind; what is doubted; what is refused."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.adapters.cas_pdfs import Folio, Held, Row, Scheme, blank, cams, cdsl, kfintech, nsdl
from tunefolio.adapters.brokers.cas import pdf as opened
from tunefolio.adapters.brokers.cas.formats import CasJson
from tunefolio.adapters.brokers.cas.pdf import CasPdf
from tunefolio.core.errors import Misuse
from tunefolio.core.money import Money, Price
from tunefolio.core.secret import Secret
from tunefolio.ledger.files import ParsedFile, ParsedRow
from tunefolio.ledger.kinds import Kind

D = Decimal
PAN = "AAAAA0000A"
NONE = Secret("")
FLEXI = "HDFC Flexi Cap Fund - Growth Option - Regular Plan"
FLEXI_ISIN = "INF179K01608"
MIDCAP_ISIN = "INF179K01CR2"


def row(day: str, told: str, amount: str = "", units: str = "", nav: str = "", balance: str = "") -> Row:
    """2024-04-05 "Purchase" 5000 10 500 10."""
    numbers = [D(text) if text else None for text in (amount, units, nav, balance)]
    return Row(date.fromisoformat(day), told, *numbers)


def statement(*rows: Row, opening: str = "0", closing: str = "") -> list[Folio]:
    """One folio with one scheme."""
    said = D(closing) if closing else None
    scheme = Scheme(FLEXI, FLEXI_ISIN, rows=rows, opening=D(opening), closing=said)
    return [Folio("10000001 / 90", "HDFC Mutual Fund", (scheme,))]


def parsed(content: bytes, password: Secret = NONE) -> ParsedFile:
    said = CasPdf().unlocked(content, password)
    assert CasJson().recognises("x", said)
    return CasJson().parse(said, "sha")


def json_of(**scheme: Any) -> bytes:
    """A statement of one scheme as the reader writes it."""
    whole = {
        "scheme": FLEXI,
        "isin": FLEXI_ISIN,
        "open": "0",
        "close": "0",
        "valuation": {"date": "2026-03-31"},
        "transactions": [],
    } | scheme
    folio = {"folio": "1 / 2", "schemes": [whole]}
    period = {"from": "01-Apr-2017", "to": "31-Mar-2026"}
    said = {"cas_type": "DETAILED", "file_type": "CAMS", "statement_period": period, "folios": [folio]}
    return json.dumps(said).encode()


def line(kind: str, units: str | None, amount: str | None, **more: Any) -> dict[str, Any]:
    said = {"date": "2024-04-05", "description": kind, "type": kind, "units": units, "amount": amount}
    return said | {"nav": None, "balance": None} | more


def only(file: ParsedFile) -> ParsedRow:
    (one,) = file.rows
    return one


def test_purchases_a_plan_a_sale_and_a_dividend_with_their_duties_and_taxes() -> None:
    """2017 buy 100 @ 500; 2020 SIP 50 with duty 1.25; 2025 sell 80 @ 1900 with STT 1.52; dividend 105."""
    file = parsed(
        cams(
            statement(
                row("2017-05-02", "Purchase", "50000", "100", "500", "100"),
                row("2020-07-01", "Purchase - Systematic Instalment", "24998.75", "50", "499.975", "150"),
                row("2020-07-01", "*** Stamp Duty ***", "1.25"),
                row("2025-06-02", "Redemption less STT", "-152000", "-80", "1900", "70"),
                row("2025-06-02", "*** STT Paid ***", "1.52"),
                row("2025-07-02", "IDCW Paid @ Rs.1.50 per unit", "105"),
                row("2025-07-03", "*** Registration of Nominee ***"),
            ),
            password=PAN,
        ),
        Secret(PAN),
    )
    bought, instalment, sold, paid = file.rows
    assert [one.kind for one in file.rows] == [Kind.BUY, Kind.SIP, Kind.SELL, Kind.DIVIDEND]
    assert (file.problems, file.warnings) == ((), ())
    assert file.title == "consolidated account statement of CAMS"
    assert (bought.quantity, bought.worth, bought.fees) == (D(100), Money.of(50000), None)
    assert bought.instrument.listing == ("MF", FLEXI_ISIN, "")
    assert bought.instrument.name == FLEXI
    assert (instalment.worth, instalment.fees) == (Money.of("24998.75"), Money.of("1.25"))
    assert (sold.quantity, sold.price, sold.worth) == (D(80), Price.of("1900"), Money.of(152000))
    assert sold.fees == Money.of("1.52")
    assert (paid.quantity, paid.worth) == (None, Money.of(105))
    (balance,) = file.balances
    assert balance.place == "10000001/90"
    assert (balance.stated, balance.counted, balance.difference) == (D(70), D(70), D(0))


def test_an_amount_printed_after_its_tax_is_brought_back_to_units_times_nav() -> None:
    """80 units at 1900 are 152,000; what was paid out is 151,998.48, and 1.52 went to the tax."""
    file = parsed(
        cams(
            statement(
                row("2017-05-02", "Purchase", "50000", "100", "500", "100"),
                row("2025-06-02", "Redemption less STT", "-151998.48", "-80", "1900", "20"),
                row("2025-06-02", "*** STT Paid ***", "1.52"),
            )
        )
    )
    sold = file.rows[1]
    assert (sold.worth, sold.fees) == (Money.of(152000), Money.of("1.52"))


@pytest.mark.parametrize(
    ("said", "kind", "note"),
    [
        (line("PURCHASE", "10", "500"), Kind.BUY, ""),
        (line("PURCHASE_SIP", "10", "500"), Kind.SIP, ""),
        (line("SWITCH_IN", "10", "500"), Kind.BUY, "switch in"),
        (line("REDEMPTION", "-10", "-500"), Kind.SELL, ""),
        (line("SWITCH_OUT", "-10", "-500"), Kind.SELL, "switch out"),
        (line("DIVIDEND_PAYOUT", None, "500"), Kind.DIVIDEND, ""),
        (line("DIVIDEND_REINVEST", "10", "500"), Kind.REINVEST, ""),
        (line("SEGREGATION", "10", None), Kind.TRANSFER_IN, "segregated portfolio"),
        (line("GIFT_IN", "10", None, gift_folio="77"), Kind.TRANSFER_IN, "gift from folio 77"),
        (line("GIFT_OUT", "-10", None), Kind.TRANSFER_OUT, "gift"),
        (line("STT_TAX", None, "1.5"), Kind.FEE, ""),
        (line("STAMP_DUTY_TAX", None, "1.5"), Kind.FEE, ""),
        (line("TDS_TAX", None, "1.5"), Kind.TAX, ""),
    ],
)
def test_each_kind_of_row_has_its_own_meaning(said: dict[str, Any], kind: Kind, note: str) -> None:
    one = only(CasJson().parse(json_of(transactions=[said]), "sha"))
    assert one.kind is kind
    assert note in one.note
    if kind in {Kind.TRANSFER_IN, Kind.TRANSFER_OUT}:
        assert one.worth == Money.of(0)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (line("UNKNOWN", "0", "500"), "type"),
        (line("SOMETHING_NEW", "10", "500"), "type"),
        (line("SWITCH_IN_MERGER", "10", "500"), "type"),
        (line("SWITCH_OUT_MERGER", "-10", "-500"), "type"),
        (line("REVERSAL", "-10", "-500"), "type"),
        (line("MISC", None, "500"), "type"),
        (line("PURCHASE", "-10", "500"), "units"),
        (line("REDEMPTION", "10", "500"), "units"),
        (line("PURCHASE", None, "500"), "units"),
        (line("PURCHASE", "10", None), "amount"),
        (line("PURCHASE", "ten", "500"), "units"),
        (line("PURCHASE", "NaN", "500"), "units"),
        (line("PURCHASE", "10", "500", date="31-31-2024"), "date"),
    ],
)
def test_what_is_not_understood_is_the_rows_problem_and_never_a_guess(
    said: dict[str, Any], field: str
) -> None:
    file = CasJson().parse(json_of(transactions=[said, line("PURCHASE", "1", "5")]), "sha")
    (problem,) = file.problems
    assert (problem.row, problem.field) == (1, field)
    assert [one.row for one in file.rows] == [2]


def test_a_remark_is_nothing_to_record() -> None:
    file = CasJson().parse(json_of(transactions=[line("MISC", None, None)]), "sha")
    assert (file.rows, file.problems) == ((), ())


def test_a_purchase_that_bounced_falls_away_with_its_reversal() -> None:
    bounced = [line("PURCHASE", "10", "500"), line("PURCHASE", "4", "200"), line("REVERSAL", "-10", "-500")]
    file = CasJson().parse(json_of(transactions=bounced, close="4"), "sha")
    assert only(file).quantity == 4
    assert [(one.row, one.problem) for one in sorted(file.problems, key=lambda p: p.row)] == [
        (1, "was taken back by row 3"),
        (3, "takes back row 1; nothing remains"),
    ]
    assert file.balances[0].difference == 0


def test_a_balance_that_its_rows_do_not_make_is_told() -> None:
    file = CasJson().parse(json_of(transactions=[line("PURCHASE", "10", "500")], close="12"), "sha")
    (balance,) = file.balances
    assert (balance.stated, balance.counted, balance.difference) == (D(12), D(10), D(2))
    assert len(file.rows) == 1


def test_units_from_before_the_statement_are_an_opening_without_a_cost() -> None:
    file = parsed(cams(statement(row("2025-06-02", "Redemption", "-500", "-10", "50", "90"), opening="100")))
    opening, sold = file.rows
    assert (opening.kind, opening.quantity, opening.worth) == (Kind.OPENING, D(100), Money.of(0))
    assert "cost is not stated" in opening.note
    assert opening.day.iso() == "2017-04-01"
    assert sold.kind is Kind.SELL


def test_a_scheme_that_its_reader_doubts_is_left_out_whole_and_others_come_in() -> None:
    """A missing row: the printed balance jumps from 100 to 160."""
    lost = Scheme(
        FLEXI,
        FLEXI_ISIN,
        rows=(
            row("2017-05-02", "Purchase", "50000", "100", "500", "100"),
            row("2018-05-02", "Purchase", "5000", "10", "500", "160"),
        ),
        closing=D(160),
    )
    sound = Scheme(
        "HDFC Mid-Cap Opportunities Fund - Growth",
        MIDCAP_ISIN,
        code="H15",
        rows=(row("2017-05-02", "Purchase", "500", "10", "50", "10"),),
    )
    file = parsed(cams([Folio("10000001 / 90", "HDFC Mutual Fund", (lost, sound))]))
    assert [one.instrument.isin for one in file.rows] == [MIDCAP_ISIN]
    assert len(file.warnings) >= 1
    assert "discontinuity" in file.warnings[0]
    assert {problem.row for problem in file.problems} == {1, 2}
    assert all("left out" in problem.problem for problem in file.problems)


def test_the_same_row_has_the_same_key_in_every_later_statement() -> None:
    first = row("2017-05-02", "Purchase", "500", "10", "50", "10")
    second = row("2018-05-02", "Purchase", "600", "10", "60", "20")
    early = parsed(cams(statement(first), until=date(2017, 12, 31)))
    late = parsed(kfintech(statement(first, second)))
    assert early.rows[0].source_key == late.rows[0].source_key
    assert len({one.source_key for one in late.rows}) == 2


def test_two_equal_purchases_on_a_day_are_two() -> None:
    twice = [line("PURCHASE", "10", "500"), line("PURCHASE", "10", "500")]
    file = CasJson().parse(json_of(transactions=twice, close="20"), "sha")
    assert len({one.source_key for one in file.rows}) == 2


def test_holdings_of_a_depository_are_openings_at_the_cost_it_prints() -> None:
    shares = [Held("INE009A01021", "INFOSYS LIMITED", D(15), D("1500.50"))]
    funds = [Held(FLEXI_ISIN, "HDFC Flexi Cap", D("70.123"), D(1900), D(70000), "10000001")]
    file = parsed(nsdl(shares, funds, password=PAN), Secret(PAN))
    share, fund = file.rows
    assert file.title == "consolidated account statement of NSDL"
    assert (share.kind, share.quantity, share.instrument.listing[:2]) == (
        Kind.OPENING,
        D(15),
        ("NSE", "INFY"),
    )
    assert (share.day.iso(), share.worth, share.note) == (
        "2026-03-31",
        Money.of(0),
        "the statement does not say what it cost",
    )
    assert (fund.quantity, fund.worth, fund.note) == (D("70.123"), Money.of(70000), "")


def test_a_statement_of_cdsl() -> None:
    shares = [
        Held("INE009A01021", "INFOSYS LIMITED", D(15), D("1500.50")),
        Held("INE467B01029", "TCS", D(7), D(3900)),
    ]
    file = parsed(cdsl(shares))
    assert file.title == "consolidated account statement of CDSL"
    assert [(one.instrument.isin, one.quantity) for one in file.rows] == [
        ("INE009A01021", D(15)),
        ("INE467B01029", D(7)),
    ]


def test_nothing_personal_is_kept() -> None:
    said = CasPdf().unlocked(cams(statement(), password=PAN), Secret(PAN)).decode()
    assert PAN not in said
    assert "INVESTOR" not in said
    assert "investor@example.invalid" not in said
    assert "Example Street" not in said


@pytest.mark.parametrize(
    ("content", "password", "field", "words"),
    [
        (blank("An electricity bill"), "", "file", "no consolidated account statement"),
        (blank("A bill", password="right"), "wrong", "password", "does not open"),
        (blank("A bill", password="right"), "", "password", "is needed"),
        (b"%PDF-1.7\n%garbage", "", "file", "damaged"),
        (b"%PDF-1.7\n" + b"1 0 obj <<" * 20_000, "", "file", "damaged"),
    ],
    ids=["another PDF", "wrong password", "no password", "garbage", "nested"],
)
def test_a_pdf_that_is_none_is_refused_with_its_reason(
    content: bytes, password: str, field: str, words: str
) -> None:
    with pytest.raises(Misuse, match=words) as refused:
        CasPdf().unlocked(content, Secret(password))
    assert refused.value.field == field
    assert "right" not in str(refused.value)
    assert not password or password not in str(refused.value)


def test_a_pdf_that_takes_for_ever_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "LONGEST_SECONDS", 0.05)
    with pytest.raises(Misuse, match="takes longer"):
        CasPdf().unlocked(cams(statement()), NONE)


def test_a_summary_has_nothing_to_record() -> None:
    said = json.loads(json_of()) | {"cas_type": "SUMMARY"}
    with pytest.raises(Misuse, match="no transactions") as refused:
        CasJson().parse(json.dumps(said).encode(), "sha")
    assert "detailed" in refused.value.cure


@pytest.mark.parametrize(
    "said",
    [
        {"folios": {"a": 1}},
        {"folios": [1, None, "x", {"schemes": [2, {"transactions": [3]}]}]},
        {"folios": [{"folio": {}, "schemes": [{"isin": 7, "open": [], "transactions": "x"}]}]},
        {"folios": [], "parse_warnings": 5, "statement_period": None},
        {
            "folios": [],
            "accounts": [{"equities": [{"isin": None}, 5]}, 7],
            "statement_period": {"to": "31-Mar-2026"},
        },
    ],
)
def test_a_statement_that_was_tampered_with_does_no_harm(said: dict[str, Any]) -> None:
    content = json.dumps(json.loads(json_of()) | said).encode()
    assert CasJson().recognises("x", content)
    file = CasJson().parse(content, "sha")
    assert file.rows == ()
