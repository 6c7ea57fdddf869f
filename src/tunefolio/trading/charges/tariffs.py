"""The tariff that holds for a deal: which rules, from dated data; refused or missing where none is known.

Names of rules are dotted: `stt.delivery`, `exchange.nse.cash`, `brokerage.zerodha.intraday`, `gst.zerodha`.
docs/spec/charges.md lists them. A change of rate is one row of data/charges_india.json.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from tunefolio.core.errors import Misuse
from tunefolio.core.missing import Missing
from tunefolio.core.rules import Rule, Rulebook, read_rulebook
from tunefolio.core.time import TradingDay
from tunefolio.trading.charges.deals import NO_BROKER, Deal, Ending, Product, Segment, Service, Units
from tunefolio.trading.charges.levies import TITLES, Fee, Gst, Levy, LineName, Rounding

FUND_HOUSE = "MF"
"""In place of an exchange: where units of mutual funds are dealt in."""
EXCHANGES = {"NSE": "nse", "BSE": "bse", "MCX": "mcx", FUND_HOUSE: "mf"}
"""By their codes; the derivatives' codes of brokers mean the same exchange."""
_SAME = {"NFO": "NSE", "CDS": "NSE", "BFO": "BSE", "BCD": "BSE"}
_STATUTORY = ("stt.delivery", "sebi", "stamp.delivery", "exchange.nse.cash", "gst", "rounding.other")
_MOST_KEPT = 4_096


@dataclass(frozen=True, slots=True)
class Plan:
    """A broker's plan. title: what people call it; rule: where it stands."""

    broker: str
    name: str
    title: str
    is_usual: bool
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class Tariff:
    """Everything that may be charged on deals of one kind and day. A part that no source covers is Missing.

    levies: what is a share of the value. brokerage: per order, None without a broker. dp: per scrip sold from
    the depository, None where nothing leaves it. services: per order that had the service.
    """

    levies: Mapping[LineName, Levy | Missing]
    brokerage: Fee | Missing | None
    ceiling: Levy | None
    dp: Fee | Missing | None
    services: Mapping[Service, Fee | Missing]
    gst: Gst
    rounding: Rounding


@dataclass(frozen=True, slots=True)
class _Key:
    """What a tariff depends on; deals that share it share their tariff."""

    day: TradingDay
    broker: str
    plan: str
    exchange: str
    segment: Segment
    group: str
    units: Units
    product: Product
    ending: Ending | None


class Tariffs:
    """Looks tariffs up in a rulebook. Keeps those it has made: between two changes of any rule one day is as
    the other, and deals of a kind share their tariff."""

    def __init__(self, book: Rulebook) -> None:
        self.book = book
        self.plans = (
            Plan(NO_BROKER, NO_BROKER, "No broker: state and exchange alone", True, None),
            *_plans(book),
        )
        self.begins = max(book.history(name)[0].since for name in _STATUTORY)
        self._kept: dict[tuple[object, ...], Tariff] = {}
        self._eras = _eras(book)
        self._groups = _groups(book)

    @property
    def brokers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(plan.broker for plan in self.plans))

    def plan(self, broker: str, name: str = "") -> Plan:
        """The plan of that name, or the broker's usual one. Raises Misuse naming those that exist."""
        own = [plan for plan in self.plans if plan.broker == broker]
        if not own:
            raise Misuse("broker", f"{broker[:40]!r} is unknown", cure=f"One of {', '.join(self.brokers)}")
        for plan in own:
            if plan.name == name or (not name and plan.is_usual):
                return plan
        known = ", ".join(plan.name for plan in own)
        raise Misuse("plan", f"{broker} has no plan {name[:40]!r}", cure=f"One of {known}")

    def segments(self, broker: str, plan: str = "") -> tuple[Segment, ...]:
        """Those whose brokerage is known for that plan."""
        found = self.plan(broker, plan)
        if found.broker == NO_BROKER:
            return tuple(Segment)
        usual = (Product.CARRY, Units.SHARE)
        return tuple(one for one in Segment if self._named(_brokerages(found, one, *usual)))

    def groups(self, exchange: str, segment: Segment) -> tuple[str, ...]:
        """The scrip groups that a charge of that exchange depends on; () where it does not."""
        known = self._groups.get(f"exchange.{EXCHANGES.get(exchange_of(exchange), '')}.{segment.market}", {})
        return tuple(sorted(known))

    def of(self, deal: Deal, segment: Segment | None = None) -> Tariff:
        """The tariff of a deal; segment: another than its own, for the part of it that settles otherwise.

        Raises Misuse for a day before the data begins, an unknown broker, plan, exchange or scrip group, and
        a segment that the exchange or the plan does not have.
        """
        if deal.day < self.begins:
            cure = "Stamp duty and taxes were other, and differed by state, before"
            raise Misuse("date", f"{deal.day} is before {self.begins}, where the tariffs begin", cure=cure)
        era = bisect_right(self._eras, deal.day)
        key = (
            era, deal.broker, deal.plan, deal.exchange, segment or deal.segment, deal.group, deal.units,
            deal.product, deal.ending,
        )  # fmt: skip
        found = self._kept.get(key)
        if found is None:
            found = self._made(_Key(deal.day, *key[1:]))
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = found
        return found

    def _made(self, key: _Key) -> Tariff:
        plan = self.plan(key.broker, key.plan)
        gst, rounding = self._gst(key), self._rounding(key.day)
        return Tariff(
            self._levies(key, rounding),
            self._brokerage(key, plan),
            self._ceiling(key),
            self._dp(key, plan),
            {one: self._service(one, key, plan) for one in Service},
            gst,
            rounding,
        )

    def _levies(self, key: _Key, rounding: Rounding) -> Mapping[LineName, Levy | Missing]:
        exchange, market = _placed(key.exchange, key.segment), key.segment.market
        tax = LineName.CTT if market.startswith("commodity") else LineName.STT
        found: dict[LineName, Levy | Missing] = {
            tax: self._levy(tax, _taxes(tax, key), key, "transaction tax", rounding.rules[tax])
        }
        stamp = f"stamp.{key.ending or key.segment}"
        if key.ending is None or self.book.history(stamp):
            found[LineName.STAMP] = self._levy(LineName.STAMP, (stamp,), key, "stamp duty")
        if key.ending is not None or key.segment is Segment.MUTUAL_FUND:
            return found
        place = f"{EXCHANGES[exchange]}.{market}"
        found[LineName.EXCHANGE] = self._exchange(f"exchange.{place}", exchange, key)
        found[LineName.SEBI] = self._levy(LineName.SEBI, ("sebi",), key, "SEBI's fee")
        if (rule := self.book.at(f"ipft.{place}", key.day)) is not None:
            found[LineName.IPFT] = Levy.of(LineName.IPFT, rule)
        if (rule := self.book.at(f"clearing.{key.broker}", key.day)) is not None:
            found[LineName.CLEARING] = Levy.of(LineName.CLEARING, rule)
        return found

    def _exchange(self, stem: str, exchange: str, key: _Key) -> Levy | Missing:
        groups = self._groups.get(stem)
        if groups is None:
            if not self.book.history(stem):
                raise Misuse("segment", f"no tariff of {exchange} is known for {key.segment}",
                             cure=f"Known: {', '.join(self._markets(exchange))}")  # fmt: skip
            return self._levy(LineName.EXCHANGE, (stem,), key, f"{exchange}'s charge on {key.segment}")
        group = key.group.strip().upper()
        if group not in groups:
            said = f"{key.group[:20]!r} is unknown" if group else f"is needed: {exchange} charges by it"
            raise Misuse("group", said, cure=f"One of {', '.join(sorted(groups))}")
        what = f"{exchange}'s charge on {key.segment} in group {group}"
        return self._levy(LineName.EXCHANGE, (groups[group],), key, what)

    def _markets(self, exchange: str) -> list[str]:
        if exchange == FUND_HOUSE:
            return [Segment.MUTUAL_FUND]
        stem = f"exchange.{EXCHANGES[exchange]}."
        found = dict.fromkeys(
            name.removeprefix(stem).split(".")[0] for name in self.book.names if name.startswith(stem)
        )
        return [one for name in found for one in (("delivery", "intraday") if name == "cash" else (name,))]

    def _levy(
        self, line: LineName, names: Iterable[str], key: _Key, what: str, *beside: Rule
    ) -> Levy | Missing:
        name = self._named(names)
        rule = self.book.at(name, key.day)
        return self._uncovered(what, name, key.day) if rule is None else Levy.of(line, rule, *beside)

    def _brokerage(self, key: _Key, plan: Plan) -> Fee | Missing | None:
        if plan.broker == NO_BROKER:
            return None
        if key.ending is not None:
            return self._fee(LineName.BROKERAGE, f"brokerage of {plan.broker} for what is {key.ending}",
                             (f"brokerage.{plan.broker}.{key.ending}",), key)  # fmt: skip
        names = _brokerages(plan, key.segment, key.product, key.units)
        if not self._named(names):
            known = ", ".join(self.segments(plan.broker, plan.name))
            cure = f"Known: {known}; or broker {NO_BROKER}, for what is charged without it"
            raise Misuse("segment", f"no brokerage of {plan.title} is known for {key.segment}", cure=cure)
        return self._fee(LineName.BROKERAGE, f"brokerage of {plan.title} for {key.segment}", names, key)

    def _dp(self, key: _Key, plan: Plan) -> Fee | Missing | None:
        if plan.broker == NO_BROKER or not key.segment.is_cash:
            return None
        names = (f"dp.{plan.broker}.{plan.name}", f"dp.{plan.broker}")
        return self._fee(LineName.DP, f"depository charge of {plan.broker}", names, key)

    def _service(self, one: Service, key: _Key, plan: Plan) -> Fee | Missing:
        line = LineName(one.value)
        return self._fee(line, f"{TITLES[line]} at {plan.title}", (f"{one}.{plan.broker}",), key)

    def _fee(self, line: LineName, what: str, names: Iterable[str], key: _Key) -> Fee | Missing:
        name = self._named(names)
        rule = self.book.at(name, key.day)
        return self._uncovered(what, name, key.day) if rule is None else Fee.of(line, rule)

    def _ceiling(self, key: _Key) -> Levy | None:
        rule = self.book.at(f"brokerage_ceiling.{key.segment.market}", key.day)
        return None if rule is None else Levy.of(LineName.BROKERAGE, rule)

    def _gst(self, key: _Key) -> Gst:
        name = self._named((f"gst.{key.broker}", "gst"))
        rule = self.book.at(name, key.day)
        if rule is None:
            raise Misuse("date", f"no rate of GST is known on {key.day}")
        return Gst.of(rule)

    def _rounding(self, day: TradingDay) -> Rounding:
        other, price = (self.book.at(f"rounding.{name}", day) for name in ("other", "average_price"))
        if other is None or price is None:
            raise Misuse("date", f"no rule of rounding is known on {day}")
        own = {line: self.book.at(f"rounding.{line}", day) for line in LineName}
        return Rounding.of({line: rule for line, rule in own.items() if rule is not None}, other, price)

    def _named(self, names: Iterable[str]) -> str:
        """The first of these names that the rulebook has; "" if it has none."""
        return next((name for name in names if self.book.history(name)), "")

    def _uncovered(self, what: str, name: str, day: TradingDay) -> Missing:
        rows = self.book.history(name)
        if not rows:
            return Missing(f"{what} is in no source we have", "Take it from the contract note")
        reach = f"known from {rows[0].since}" if day < rows[0].since else f"known until {rows[-1].until}"
        return Missing(f"{what} is in no source we have ({reach})", "Take it from the contract note")


@lru_cache(maxsize=64)
def exchange_of(code: str) -> str:
    """NSE, BSE, MCX or a fund house, by its own code or that of its derivatives; raises Misuse."""
    exchange = _SAME.get(code.strip().upper(), code.strip().upper())
    if exchange not in EXCHANGES:
        raise Misuse(
            "exchange", f"no tariff of {code[:20]!r} is known", cure=f"One of {', '.join(EXCHANGES)}"
        )
    return exchange


def _placed(code: str, segment: Segment) -> str:
    """The exchange of a deal; raises Misuse for a fund's units anywhere but at its house, and the reverse."""
    exchange = exchange_of(code)
    if segment is Segment.MUTUAL_FUND and exchange != FUND_HOUSE:
        raise Misuse("exchange", f"{exchange} has no {segment}", cure=f"{FUND_HOUSE}, or leave it out")
    return exchange


def _taxes(tax: LineName, key: _Key) -> tuple[str, ...]:
    if key.ending is not None:
        return (f"stt.{key.ending}",)
    if key.units is Units.SHARE:
        return (f"{tax}.{key.segment}",)
    return (f"{tax}.{key.segment}.{key.units}", f"{tax}.{key.segment}")


def _brokerages(plan: Plan, segment: Segment, product: Product, units: Units) -> tuple[str, ...]:
    own = f"brokerage.{plan.broker}.{plan.name}.{segment}"
    return (f"{own}.{product}", f"{own}.{units}", own, f"brokerage.{plan.broker}.{segment}")


def _plans(book: Rulebook) -> Iterable[Plan]:
    for name in book.names:
        if name.startswith("plan."):
            _, broker, plan = name.split(".")
            rule = book.history(name)[-1]
            yield Plan(broker, plan, rule.word("title", plan), rule.word("default") == "yes", rule)


def _eras(book: Rulebook) -> list[TradingDay]:
    """The days on which any rule begins or has ended, in order: between two of them nothing changes."""
    ends = {rule.until.plus_days(1) for rule in book if rule.until is not None}
    return sorted(ends | {rule.since for rule in book})


def _groups(book: Rulebook) -> dict[str, dict[str, str]]:
    """By what an exchange's charge is called without its family: each scrip group's rule."""
    found: dict[str, dict[str, str]] = {}
    for rule in book:
        for group in rule.word("groups").split():
            found.setdefault(rule.name.rpartition(".")[0], {})[group] = rule.name
    return found


def read_tariffs(text: str, *, place: str) -> Tariffs:
    """Raises Misuse for what is no rulebook."""
    return Tariffs(read_rulebook(text, place=place))


@cache
def tariffs() -> Tariffs:
    """Those that ship with the product."""
    text = resources.files("tunefolio.trading.data").joinpath("charges_india.json").read_text("utf-8")
    return read_tariffs(text, place="charges_india.json")
