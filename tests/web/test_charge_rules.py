"""The page of the rules of charges: readable words for every rule, what is looked for, a page at a time."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from tests.web.test_pages import HTML, assert_fits_the_policy, text_of
from tunefolio.core.rules import Rule
from tunefolio.core.time import TradingDay
from tunefolio.services.charges import rules_on
from tunefolio.trading.charges.deals import Segment
from tunefolio.trading.charges.tariffs import tariffs
from tunefolio.web.pages.charge_rulewords import TITLES, RuleRow, Topic, Wanted, brokers, row_of, rule_rows

pytestmark = [pytest.mark.usefixtures("built_assets"), pytest.mark.one_is_enough]
DAY = TradingDay.parse("2026-11-20")


def on_the_day(topic: str = "", broker: str = "", segment: str = "") -> list[RuleRow]:
    return rule_rows(rules_on(DAY), Wanted(topic, broker, segment))


def names(rows: list[RuleRow]) -> set[str]:
    return {row.rule.name for row in rows}


def test_every_rule_has_a_topic_a_title_and_a_sentence_in_words() -> None:
    """No name of a row or a figure of code is left; a new kind of rule fails here until it has words."""
    rows = [row_of(rule) for rule in tariffs().book]
    assert {row.topic for row in rows} == set(TITLES) == set(Topic)
    for row in rows:
        for text in (row.title, row.says):
            assert text, row.rule.name
            assert not re.search(r"[a-z]_[a-z]|[a-z]\.[a-z]|\brate\b|\bflat\b|\bNone\b", text), row.rule.name


@pytest.mark.parametrize(
    ("name", "title", "says"),
    [
        ("brokerage.zerodha.intraday", "Zerodha: intraday", "0.03% of the value, at most ₹20 an order"),
        ("brokerage.angelone.delivery", "Angel One: delivery",
         "0.1% of the value, at least ₹2, at most ₹20 an order"),
        ("brokerage.zerodha.delivery", "Zerodha: delivery", "Nothing"),
        ("brokerage.kotak.trade_free_pro.futures.intraday", "Kotak Trade Free Pro: futures, intraday",
         "Nothing"),
        ("brokerage.kotak.exercised", "Kotak: options exercised", "₹20 an order"),
        ("brokerage_ceiling.cash", "The most that a broker may take", "No more than 2.5% of a trade’s value"),
        ("exchange.bse.cash.standard", "BSE: shares and fund units, groups A and B",
         "0.00375% of what is bought and sold"),
        ("exchange.bse.options.index", "BSE: options on an index", "0.0325% of what is bought and sold"),
        ("exchange.bse.cash.rights", "BSE: shares and fund units, group R",
         "0.00275% of what is bought and sold"),
        ("stt.delivery", "STT: delivery", "0.1% of what is bought and sold"),
        ("stt.delivery.equity_fund", "STT: delivery, units of equity funds", "0.001% of what is sold"),
        ("stt.exercised", "STT: options exercised", "0.15% of what is settled"),
        ("ctt.commodity_futures.agri", "CTT: commodity futures, agricultural", "Nothing"),
        ("stamp.delivery", "Stamp duty: delivery", "0.015% of what is bought"),
        ("gst.zerodha", "GST at Zerodha", "18% of brokerage, exchange charge, clearing and SEBI fee"),
        ("dp.groww", "Groww: depository charge",
         "₹20 for each scrip sold, ₹3.50 where it is worth less than ₹100, and GST"),
        ("dp.zerodha.female", "Zerodha, a woman's account: depository charge",
         "₹12.75 for each scrip sold, and GST"),
        ("dp.kotak", "Kotak: depository charge",
         "0.04% of the value, at least ₹20 for each scrip sold, and GST"),
        ("call_and_trade.zerodha", "Zerodha: orders by telephone", "₹50 an order, and GST"),
        ("rounding.stt", "Securities transaction tax", "To the nearest rupee"),
        ("plan.zerodha.standard", "Zerodha", "The usual plan of Zerodha"),
        ("plan.kotak.trade_free_pro", "Kotak Trade Free Pro", "Another plan of Kotak"),
    ],
)  # fmt: skip
def test_a_rule_says_what_it_means(name: str, title: str, says: str) -> None:
    (row,) = [row for row in on_the_day() if row.rule.name == name]
    assert (row.title, row.says) == (title, says)


def test_a_rule_that_no_word_knows_stands_under_its_figures() -> None:
    (known,) = [one for one in rules_on(DAY) if one.name == "sebi"]
    new = Rule("cess.delivery", known.since, None, {"rate": "0.1"}, known.sources, known.confidence)
    row = row_of(new)
    assert (row.topic, row.title, row.says) == (Topic.ROUNDING, "Cess, delivery", "rate 0.1")


def test_a_brokers_rules_are_its_own_and_those_of_everybody() -> None:
    found = names(on_the_day(broker="zerodha"))
    assert {"brokerage.zerodha.futures", "stt.delivery", "gst.zerodha", "plan.zerodha.female"} <= found
    others = {name for name in found if re.search(r"angelone|groww|kotak|upstox", name)}
    assert others == set()
    assert "gst" not in found, "it has one of its own"
    assert "gst" in names(on_the_day(broker="groww"))
    nobodys = on_the_day(broker="none")
    assert {row.broker for row in nobodys} == {""}


@pytest.mark.parametrize(
    ("segment", "there", "not_there"),
    [
        ("delivery", {"dp.zerodha", "exchange.nse.cash", "sebi", "rounding.stt"}, {"stt.intraday"}),
        ("intraday", {"exchange.nse.cash", "stt.intraday"}, {"dp.zerodha", "stt.delivery"}),
        ("options", {"stt.exercised", "stt.physical", "exchange.bse.options.index"}, {"stt.futures"}),
        ("commodity_futures", {"ctt.commodity_futures.agri", "rounding.ctt"}, {"ctt.commodity_options"}),
        ("mutual_fund", {"stamp.mutual_fund", "gst"}, {"stamp.delivery", "exchange.nse.cash"}),
    ],
)  # fmt: skip
def test_a_segments_rules_are_its_own_and_those_of_all(
    segment: str, there: set[str], not_there: set[str]
) -> None:
    found = names(on_the_day(segment=segment))
    assert there <= found
    assert not found & not_there


def names_on(page: str) -> list[str]:
    return re.findall(r'<th scope="row" class="c-name wrap">([^<]+?) *<', page)


def pages_of(asha: TestClient, place: str) -> list[str]:
    found: list[str] = []
    following: str | None = place
    while following is not None:
        page = text_of(asha, following)
        assert_fits_the_policy(page)
        found.append(page)
        further = re.search(r'href="(/charges/rules[^"]+)">Further', page)
        following = further[1].replace("&amp;", "&") if further else None
    return found


def test_pages_of_25_show_every_rule_once_with_what_is_looked_for(asha: TestClient) -> None:
    pages = pages_of(asha, "/charges/rules?date=2026-11-20&broker=kotak")
    rows = on_the_day(broker="kotak")
    said = [one.replace("&#39;", "'") for page in pages for one in names_on(page)]
    assert said == [row.title for row in rows]
    assert len(pages) == -(-len(rows) // 25)
    assert "1 to 25 of" in pages[0]
    assert '<option value="kotak" selected>Kotak</option>' in pages[-1]


def test_every_topic_broker_and_segment_can_be_looked_for(asha: TestClient) -> None:
    by_topic = [on_the_day(topic=topic) for topic in Topic]
    assert sum(map(len, by_topic)) == len(on_the_day()) == len(rules_on(DAY))
    for broker, title in brokers():
        assert broker == "none" or any(title in row.title for row in on_the_day(broker=broker))
    assert all(on_the_day(segment=segment) for segment in Segment)
    page = text_of(asha, "/charges/rules?date=2026-11-20&topic=stamp&broker=zerodha&segment=futures")
    assert names_on(page) == ["Stamp duty: futures", "Stamp duty: settled by delivery of shares"]
    assert "stamp.futures" in page, "within a topic each says its name, by which the API calls it"


@pytest.mark.parametrize(
    ("field", "known"), [("topic", "brokerage"), ("broker", "zerodha"), ("segment", "options")]
)
def test_an_unknown_word_is_refused_with_those_that_are_known(
    asha: TestClient, field: str, known: str
) -> None:
    answer = asha.get(f"/charges/rules?{field}=weather", headers=HTML)
    assert answer.status_code == 422
    assert known in answer.text


def test_nothing_found_says_so(asha: TestClient) -> None:
    page = text_of(asha, "/charges/rules?date=2020-07-01&topic=gst&segment=delivery&broker=groww")
    assert ("No rule of this kind is known" in page) == (not names_on(page))
    page = text_of(asha, "/charges/rules?date=2026-11-20&topic=plans&broker=none")
    assert '<option value="none" selected>' in page
    assert "No rule of this kind is known" in page
