"""A text book: a whole file of the notation, with directives. Grammar and examples: docs/spec/book.md.

Reading is one pass, linear; every wrong line is collected with its number and nothing is read by halves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import INR, Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.directives import (
    PriceLine,
    RateLine,
    TextAccount,
    TextInstrument,
    TextPortfolio,
    account_of,
    instrument_of,
    plain_instrument,
    portfolio_of,
    price_of,
    rate_of,
    written,
)
from tunefolio.ledger.halves import direction, lonely, opposite, other_half
from tunefolio.ledger.meanings import Meanings
from tunefolio.ledger.notation import (
    Line,
    TakenBack,
    day_of,
    read_line,
)
from tunefolio.ledger.transactions import Fact, Transaction
from tunefolio.ledger.words import tokens_of

SOURCE = "book"
MAIN = "Main"
NOT_SAID: Mapping[str, Currency] = {}
_NEVER = Instant(datetime(1970, 1, 1, tzinfo=UTC))
"""Facts of a text are not recorded anywhere yet."""


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What is wrong with one line, and what would be right."""

    place: str
    field: str
    problem: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.field}: {self.problem}" + (f"; {self.cure}" if self.cure else "")


class BookRefused(Misuse):
    """A text with wrong lines: nothing of it is read."""

    def __init__(self, problems: Sequence[LineProblem]) -> None:
        super().__init__("book", "\n".join(["has wrong lines", *map(str, problems)]))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class TextBook:
    """A whole text, understood. A transaction's id is the number of its line; halves of transfers that the
    text leaves out come after `last_line`. source_key: the ^key, "" where the line has none."""

    portfolios: tuple[TextPortfolio, ...]
    accounts: tuple[TextAccount, ...]
    instruments: Mapping[InstrumentId, TextInstrument]
    transactions: tuple[Transaction, ...]
    prices: tuple[PriceLine, ...] = ()
    rates: tuple[RateLine, ...] = ()
    last_line: int = 0

    def histories(self) -> dict[AccountId, list[Transaction]]:
        """Every account's transactions in the order of the lines."""
        found: dict[AccountId, list[Transaction]] = {account.id: [] for account in self.accounts}
        for transaction in self.transactions:
            found[transaction.account].append(transaction)
        return found


def read_book(
    lines: Iterable[str],
    *,
    file: str = "book",
    main: str = MAIN,
    currencies: Mapping[str, Currency] = NOT_SAID,
    today: TradingDay | None = None,
) -> TextBook:
    """The book that the lines are; raises BookRefused with every wrong line: FILE:LINE: field: what; cure.

    main: the account of facts above the first account directive. currencies: of accounts that are known
    already, by name; they hold where the text names none. today: the last day a fact can lie on; None: any.
    """
    reader = _Reader(file, main, currencies, today)
    for number, text in enumerate(lines, start=1):
        reader.read(number, text)
    return reader.finished()


@dataclass(slots=True)
class _Reader:
    """What is known between two lines."""

    file: str
    main: str
    currencies: Mapping[str, Currency]
    today: TradingDay | None
    portfolios: dict[str, TextPortfolio] = field(default_factory=dict)
    accounts: dict[str, TextAccount] = field(default_factory=dict)
    mentioned: dict[str, tuple[AccountId, int]] = field(default_factory=dict)
    instruments: dict[str, TextInstrument] = field(default_factory=dict)
    by_id: dict[InstrumentId, TextInstrument] = field(default_factory=dict)
    traded_in: dict[InstrumentId, Currency] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)
    standing: dict[tuple[AccountId, str], Transaction] = field(default_factory=dict)
    waiting: list[tuple[int, str, TextAccount]] = field(default_factory=list)
    prices: list[PriceLine] = field(default_factory=list)
    rates: list[RateLine] = field(default_factory=list)
    problems: list[LineProblem] = field(default_factory=list)
    portfolio: TextPortfolio | None = None
    account: TextAccount | None = None
    number: int = 0

    def read(self, number: int, text: str) -> None:
        """One line; what is wrong with it is kept for the end."""
        text = text.strip().removeprefix("\ufeff").strip()
        if not text or text[0] in ";#":
            return
        self.number = number
        try:
            if text[0].isdigit():
                self._dated(number, text)
            else:
                self._directive(tokens_of(text))
        except Misuse as wrong:
            self._wrong(number, wrong)

    def finished(self) -> TextBook:
        """The whole book; raises BookRefused."""
        last_line = self.number
        for number, text, account in self.waiting:
            self.number = number
            try:
                self._fact(number, text, account)
            except Misuse as wrong:
                self._wrong(number, wrong)
        self._mentioned_are_declared()
        self.transactions.sort(key=lambda fact: fact.id)
        if not self.problems:
            self._complete_transfers(last_line)
        if self.problems:
            raise BookRefused(sorted(self.problems, key=lambda one: int(one.place.rpartition(":")[2])))
        return TextBook(
            tuple(self.portfolios.values()),
            tuple(self.accounts.values()),
            dict(self.by_id),
            tuple(self.transactions),
            tuple(self.prices),
            tuple(self.rates),
            last_line,
        )

    def _wrong(self, number: int, wrong: Misuse) -> None:
        self.problems.append(LineProblem(f"{self.file}:{number}", wrong.field, wrong.problem, wrong.cure))

    def _directive(self, tokens: list[str]) -> None:
        word, rest = tokens[0].lower(), tokens[1:]
        if word == "portfolio":
            made = portfolio_of(rest)
            self.portfolio = self.portfolios.setdefault(made.name, made)
            if self.portfolio != made and len(rest) > 1:
                raise Misuse("portfolio", f"{made.name} is in {self.portfolio.currency} above")
            self.account = None
        elif word == "account":
            self._open_account(rest)
        elif word == "instrument":
            self._declare(rest)
        else:
            cure = "Lines begin with a day (YYYY-MM-DD), portfolio, account, instrument, or ; for a comment"
            raise Misuse("line", f"{tokens[0]!r} begins no line", cure=cure)

    def _open_account(self, rest: list[str]) -> None:
        made = account_of(rest, AccountId(0), self.portfolio, self.currencies)
        known = self.accounts.get(made.name)
        if known is None:
            id, _ = self.mentioned.setdefault(made.name, (AccountId(len(self.mentioned) + 1), self.number))
            self.accounts[made.name] = self.account = replace(made, id=id)
            return
        said = {word for word in rest[1:] if word.lower() != known.method and word != known.currency}
        if said:
            raise Misuse("account", f"{known.name} is declared otherwise above", cure="Repeat only its name")
        self.account = known

    def _declare(self, rest: list[str]) -> None:
        name = written(rest[0].removeprefix('"')) if rest else ""
        known = self.instruments.get(name)
        made = instrument_of(rest, known.id if known else InstrumentId(len(self.by_id) + 1))
        if known is not None and known.is_declared and known != made:
            raise Misuse("instrument", f"{name} is declared otherwise above", cure="Declare it once")
        self.instruments[name] = self.by_id[made.id] = made

    def _dated(self, number: int, text: str) -> None:
        parts = text.split(None, 2)
        word = parts[1].lower() if len(parts) > 1 else ""
        if word == "price":
            name, price, currency = price_of(tokens_of(text)[2:])
            self.prices.append(
                PriceLine(day_of(parts[0]), self._instrument(name), price, currency, f"{self.file}:{number}")
            )
        elif word == "rate":
            usual = self.account or self.portfolio
            base, quote, rate = rate_of(tokens_of(text)[2:], usual.currency if usual else INR)
            self.rates.append(RateLine(day_of(parts[0]), base, quote, rate, f"{self.file}:{number}"))
        else:
            self._fact(number, text, self._home(), may_wait=True)

    def _home(self) -> TextAccount:
        """The account that facts belong to now; Main when none was opened."""
        if self.account is None:
            self._open_account([self.main])
        if self.account is None:
            raise AssertionError("an account was just opened")
        return self.account

    def _fact(self, number: int, text: str, home: TextAccount, *, may_wait: bool = False) -> None:
        """may_wait: a sale may choose a lot whose line comes later; then it is read at the end."""
        meanings = Meanings(
            self._instrument,
            self._mention,
            lambda key: self._lot(home, key, may_wait=may_wait),
            home.currency,
            self._currency_of,
        )
        try:
            found = read_line(text, meanings)
        except _NotYet:
            self.waiting.append((number, text, home))
            return
        if isinstance(found, TakenBack):
            self._take_back(number, home, found)
        else:
            self._keep(number, home, found)

    def _keep(self, number: int, home: TextAccount, found: Line) -> None:
        fact = found.fact
        if fact.counterpart == home.id:
            cure = "Name the account on the other side"
            raise Misuse("account", f"{home.name} is this very account", cure=cure)
        self._has_happened(fact)
        if fact.instrument is not None:
            self._one_currency(fact.instrument, fact.amount.currency)
        made = _transaction(TransactionId(number), home.id, fact, found.key, found.tags)
        if found.key:
            twin = self.standing.setdefault((home.id, found.key), made)
            if twin is not made:
                cure = "A key names one standing fact of an account"
                raise Misuse("key", f"^{found.key} stands at line {twin.id} already", cure=cure)
        self.transactions.append(made)

    def _has_happened(self, fact: Fact) -> None:
        """Raises Misuse for a day to come, or before the instrument was listed."""
        if self.today is not None and fact.day > self.today:
            raise Misuse("day", f"{fact.day} has not come yet", cure=f"Today is {self.today}")
        one = self.by_id.get(fact.instrument) if fact.instrument is not None else None
        if one is not None and one.listed is not None and fact.day < one.listed:
            cure = "Correct the day, or what the directive says of its listing"
            raise Misuse("day", f"{one.name} is listed only since {one.listed}", cure=cure)

    def _one_currency(self, instrument: InstrumentId, currency: Currency) -> None:
        """Raises Misuse where an instrument was declared or traded in another currency."""
        known = self._currency_of(instrument)
        if known is not None and known != currency:
            what = f"{self.by_id[instrument].name} is in {known}, this line in {currency}"
            raise Misuse("currency", what, cure=f"Write it in {known}, and a convert beside it")
        self.traded_in[instrument] = currency

    def _take_back(self, number: int, home: TextAccount, found: TakenBack) -> None:
        former = self.standing.pop((home.id, found.key), None)
        if former is None:
            cure = f"Write it below the fact, in account {home.name}"
            raise Misuse("reverse", f"no fact ^{found.key} stands above", cure=cure)
        id = TransactionId(number)
        self.transactions.append(
            replace(former, id=id, source_key=f"reverse:{found.key}", reverses=former.id)
        )

    def _instrument(self, name: str) -> InstrumentId:
        known = self.instruments.get(name) or self.instruments.get(written(name))
        if known is None:
            known = plain_instrument(InstrumentId(len(self.by_id) + 1), name)
            self.instruments[known.name] = self.by_id[known.id] = known
        return known.id

    def _currency_of(self, instrument: InstrumentId) -> Currency | None:
        return self.by_id[instrument].currency or self.traded_in.get(instrument)

    def _mention(self, name: str) -> AccountId:
        place = (AccountId(len(self.mentioned) + 1), self.number)
        return self.mentioned.setdefault(" ".join(name.split()), place)[0]

    def _lot(self, home: TextAccount, key: str, *, may_wait: bool) -> TransactionId:
        found = self.standing.get((home.id, key))
        if found is not None:
            return found.id
        if may_wait:
            raise _NotYet("lots", key)
        raise Misuse(
            "lots", f"no fact ^{key} stands in account {home.name}", cure="Give its purchase that key"
        )

    def _mentioned_are_declared(self) -> None:
        for name, (_, number) in self.mentioned.items():
            if name not in self.accounts:
                cure = f'Declare it: account "{name}"; or name none when it is outside these books'
                self._wrong(number, Misuse("account", f"{name!r} is no account of this book", cure=cure))

    def _complete_transfers(self, last: int) -> None:
        """Each half of a transfer between accounts of the book gets its other half, unless it stands."""
        names = {account.id: account.name for account in self.accounts.values()}
        alone = lonely(self.transactions)
        rivals = {direction(half): half for half in alone}
        for half in alone:
            rival = rivals.get(opposite(half))
            if rival is not None:
                what = f"{half.fact.kind} does not agree with line {rival.id} in day and quantity"
                cure = (
                    f"Give both halves one day and quantity, or leave out the one in {names[rival.account]}"
                )
                self._wrong(half.id, Misuse("transfer", what, cure=cure))
                continue
            last += 1
            self.transactions.append(other_half(half, TransactionId(last)))


class _NotYet(Misuse):
    """A lot whose line has not come yet."""


def _transaction(
    id: TransactionId, account: AccountId, fact: Fact, key: str, tags: tuple[str, ...]
) -> Transaction:
    return Transaction(id, account, Book.LIVE, fact, SOURCE, key, _NEVER, "", None, tags)


def last_day(book: TextBook) -> TradingDay | None:
    """The last day that any line speaks of; None for a book without dated lines."""
    days = [fact.fact.day for fact in book.transactions]
    return max([*days, *(one.day for one in book.prices), *(one.day for one in book.rates)], default=None)
