"""Statements of CAMS, KFintech, NSDL and CDSL as PDFs, drawn in the layouts that the reader knows.

Everything in them is invented. The layouts are those the issuers were seen to use, as far as a reader needs
them: columns and their alignment, headings, labels and watermarks; never their logos or texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from fpdf import FPDF
from fpdf.enums import AccessPermission, EncryptionMethod

SMALL = 6.0
_TOP, _BOTTOM = 40.0, 800.0
_AMOUNT, _UNITS, _PRICE, _BALANCE = 385.0, 440.0, 495.0, 560.0


@dataclass(frozen=True, slots=True)
class Row:
    """One transaction. None: the column is empty."""

    day: date
    told: str
    amount: Decimal | None = None
    units: Decimal | None = None
    nav: Decimal | None = None
    balance: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Scheme:
    """One scheme of a folio; closing None: what the rows make."""

    name: str
    isin: str
    code: str = "H02"
    rta: str = "CAMS"
    rows: tuple[Row, ...] = ()
    opening: Decimal = Decimal(0)
    closing: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Folio:
    """Schemes under one number at one fund house."""

    number: str
    house: str
    schemes: tuple[Scheme, ...] = field(default_factory=tuple)


class _Paper:
    """A page of small print, written from the top; a new page when it is full."""

    def __init__(self, password: str) -> None:
        self.pdf = FPDF(unit="pt", format="A4")
        self.pdf.set_auto_page_break(False)
        self.pdf.set_compression(True)
        if password:
            self.pdf.set_encryption(
                owner_password=f"owner-{password}",
                user_password=password,
                encryption_method=EncryptionMethod.AES_128,
                permissions=AccessPermission.all(),
            )
        self.y = _BOTTOM

    def page(self) -> None:
        self.pdf.add_page()
        self.pdf.set_font("Helvetica", size=SMALL)
        self.y = _TOP

    def left(self, x: float, said: str) -> None:
        self.pdf.text(x, self.y, said)

    def right(self, x: float, said: str) -> None:
        self.pdf.text(x - self.pdf.get_string_width(said), self.y, said)

    def line(self, said: str = "", x: float = 30.0, step: float = 12.0) -> None:
        self.left(x, said)
        self.y += step

    def is_full(self, lines: int = 1) -> bool:
        return self.y + 12 * lines > _BOTTOM

    def bytes(self) -> bytes:
        return bytes(self.pdf.output())


def cams(
    folios: Sequence[Folio],
    *,
    since: date = date(2017, 4, 1),
    until: date = date(2026, 3, 31),
    password: str = "",
    watermark: str = "CAMSCASWS-00000000",
) -> bytes:
    """A detailed statement of CAMS; with the watermark KFINCASWS one of KFintech."""
    paper = _Paper(password)
    paper.page()
    paper.left(470, watermark)
    paper.line("Consolidated Account Statement", x=230)
    paper.line(f"{since:%d-%b-%Y} To {until:%d-%b-%Y}", x=240)
    for said in ("Email Id: investor@example.invalid", "EXAMPLE INVESTOR", "1 Example Street"):
        paper.line(said)
    paper.line("Mobile: +910000000000", step=30)
    _header(paper)
    for folio in folios:
        _folio(paper, folio, until)
    return paper.bytes()


def kfintech(folios: Sequence[Folio], *, password: str = "") -> bytes:
    return cams(folios, password=password, watermark="KFINCASWS-00000000")


def _header(paper: _Paper) -> None:
    paper.left(30, "Date")
    paper.left(90, "Transaction")
    for x, name in ((_AMOUNT, "Amount"), (_UNITS, "Units"), (_PRICE, "Price"), (_BALANCE, "Unit")):
        paper.right(x, name)
    paper.y += 8
    for x, name in ((_AMOUNT, "(INR)"), (_PRICE, "(INR)"), (_BALANCE, "Balance")):
        paper.right(x, name)
    paper.y += 14


def _folio(paper: _Paper, folio: Folio, until: date) -> None:
    if paper.is_full(12):
        paper.page()
        _header(paper)
    paper.line(folio.house)
    for scheme in folio.schemes:
        paper.line(f"Folio No: {folio.number}    PAN: AAAAA0000A    KYC: OK  PAN: OK")
        paper.line(
            f"{scheme.code}-{scheme.name} - ISIN: {scheme.isin}(Advisor: ARN-00000) Registrar : {scheme.rta}"
        )
        paper.line("Nominee 1: Nominee 2: Nominee 3:")
        paper.line(f"Opening Unit Balance: {scheme.opening:,.3f}", x=90)
        for row in scheme.rows:
            if paper.is_full():
                paper.page()
                _header(paper)
            _row(paper, row)
        made = scheme.opening + sum((row.units for row in scheme.rows if row.units), Decimal(0))
        closing = made if scheme.closing is None else scheme.closing
        nav = next((row.nav for row in reversed(scheme.rows) if row.nav), Decimal(10))
        if paper.is_full(3):
            paper.page()
            _header(paper)
        paper.line(f"Closing Unit Balance: {closing:,.3f}     NAV on {until:%d-%b-%Y}: INR {nav:,.4f}", x=30)
        paper.line(f"Valuation on {until:%d-%b-%Y}: INR {closing * nav:,.2f}", x=30)


def _row(paper: _Paper, row: Row) -> None:
    paper.left(30, f"{row.day:%d-%b-%Y}")
    paper.left(90, row.told)
    for x, value, places in (
        (_AMOUNT, row.amount, 2),
        (_UNITS, row.units, 3),
        (_PRICE, row.nav, 4),
        (_BALANCE, row.balance, 3),
    ):
        if value is not None:
            paper.right(x, f"({-value:,.{places}f})" if value < 0 else f"{value:,.{places}f}")
    paper.y += 12


@dataclass(frozen=True, slots=True)
class Held:
    """One line of a holding table. cost: in total; None where the table has no column for it."""

    isin: str
    name: str
    units: Decimal
    price: Decimal
    cost: Decimal | None = None
    folio: str = ""


def nsdl(
    shares: Sequence[Held], funds: Sequence[Held] = (), *, until: date = date(2026, 3, 31), password: str = ""
) -> bytes:
    """A statement of NSDL: one demat account with shares, and the folios of mutual funds."""
    paper = _Paper(password)
    paper.page()
    paper.line("NSDL Consolidated Account Statement", x=200)
    paper.page()
    _roster(paper, "NSDL ID: 00000000", until, ("NSDL", "IN300000", "10000001"), shares, funds)
    paper.page()
    paper.left(30, "NSDL Demat Account")
    paper.left(160, "DP ID: IN300000 Client ID: 10000001")
    paper.left(400, "ACCOUNT HOLDER")
    paper.y += 20
    paper.line("Equity Shares", step=20)
    _cells(paper, (30, "ISIN Stock Symbol"), (130, "Company Name"), (330, "Face Value"),
           (400, "No. of Shares"), (470, "Market Price"), (540, "Value in INR"))  # fmt: skip
    for one in shares:
        _cells(paper, (30, one.isin), (130, one.name), (330, "10.00"), (400, f"{one.units:,}"),
               (470, f"{one.price:,.2f}"), (540, f"{one.units * one.price:,.2f}"))  # fmt: skip
    paper.line("Mutual Fund Folios (F)", step=20)
    _cells(paper, (30, "ISIN Description"), (150, "Scheme"), (280, "Folio No."), (340, "No. of Units"),
           (390, "Average Cost"), (440, "Total Cost"), (490, "Current NAV"), (540, "Value"))  # fmt: skip
    for one in funds:
        cost = one.cost or Decimal(0)
        _cells(paper, (30, one.isin), (130, one.name), (280, one.folio), (340, f"{one.units:,.3f}"),
               (390, f"{cost / one.units:,.4f}"), (440, f"{cost:,.2f}"), (490, f"{one.price:,.4f}"),
               (540, f"{one.units * one.price:,.2f}"))  # fmt: skip
    return paper.bytes()


def cdsl(shares: Sequence[Held], *, until: date = date(2026, 3, 31), password: str = "") -> bytes:
    """A statement of CDSL: one demat account with shares; no cost is printed."""
    paper = _Paper(password)
    paper.page()
    paper.line("Central Depository Services (India) Limited", x=200)
    paper.page()
    _roster(paper, "CAS ID: 00000000", until, ("CDSL", "12000000", "00000001"), shares, ())
    paper.page()
    paper.line("DP Name : EXAMPLE BROKER LIMITED   BO ID : 1200000000000001", step=20)
    paper.line(f"HOLDING STATEMENT AS ON {until:%d-%m-%Y}", step=20)
    _cells(paper, (30, "ISIN"), (110, "Security"), (300, "Current Bal"), (350, "Frozen Bal"),
           (400, "Pledge Bal"), (450, "Free Bal"), (495, "Market Price"), (545, "Value"))  # fmt: skip
    for one in shares:
        _cells(paper, (30, one.isin), (110, one.name), (300, f"{one.units:,.3f}"), (350, "--"), (400, "--"),
               (450, f"{one.units:,.3f}"), (495, f"{one.price:,.2f}"),
               (545, f"{one.units * one.price:,.2f}"))  # fmt: skip
    return paper.bytes()


def _roster(
    paper: _Paper,
    marker: str,
    until: date,
    account: tuple[str, str, str],
    shares: Sequence[Held],
    funds: Sequence[Held],
) -> None:
    """The second page: whose statement it is, its period, and its accounts."""
    for said in (marker, "EXAMPLE INVESTOR", "1 Example Street", "PINCODE: 560001"):
        paper.line(said, step=14)
    paper.line(f"Statement for the period from 01-Mar-{until:%Y} to {until:%d-%b-%Y}", x=210, step=20)
    paper.line("In the single name of", step=20)
    paper.line("EXAMPLE INVESTOR (PAN:AAAAA0000A)", step=20)
    kind, dp, client = account
    worth = sum((one.units * one.price for one in shares), Decimal(0))
    paper.left(30, f"{kind} Demat Account")
    paper.left(180, "EXAMPLE BROKER LIMITED")
    paper.left(400, f"{len(shares)}")
    paper.left(480, f"{worth:,.2f}")
    paper.y += 7
    paper.left(180, f"DP Id: {dp} Client Id : {client}")
    paper.y += 20
    if funds:
        worth = sum((one.units * one.price for one in funds), Decimal(0))
        _cells(paper, (30, "Mutual Fund Folios"), (180, f"{len(funds)} Folios"), (400, f"{len(funds)}"),
               (480, f"{worth:,.2f}"))  # fmt: skip


def _cells(paper: _Paper, *cells: tuple[float, str]) -> None:
    for x, said in cells:
        paper.left(x, said)
    paper.y += 20


def blank(said: str, *, password: str = "") -> bytes:
    """A PDF that is no statement."""
    paper = _Paper(password)
    paper.page()
    paper.line(said)
    return paper.bytes()


def instalments(count: int, units: Decimal = Decimal(10), nav: Decimal = Decimal(50)) -> Iterable[Row]:
    """Monthly purchases, each followed by its stamp duty."""
    balance = Decimal(0)
    for month in range(count):
        day = date(2010 + month // 12, month % 12 + 1, 5)
        balance += units
        yield Row(day, "Purchase - Systematic Instalment", units * nav, units, nav, balance)
