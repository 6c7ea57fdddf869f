"""The page of the rules of tax: readable words for every rule, a topic at a time, a page at a time."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from tests.web.test_pages import HTML, text_of
from tunefolio.analysis.tax.rulebook import category_rules, tax_rules
from tunefolio.core.time import TradingDay
from tunefolio.services.tax_json import rules_on
from tunefolio.web.pages.tax_rulewords import TITLES, Topic, row_of, rule_rows

pytestmark = pytest.mark.usefixtures("built_assets")
DAY = TradingDay.parse("2024-08-01")


def test_every_rule_has_a_topic_a_title_and_a_sentence_in_words() -> None:
    """No name of a row or a figure of code is left; a new kind of rule fails here until it has words."""
    rows = [row_of(rule) for rule in (*tax_rules(), *category_rules())]
    assert {row.topic for row in rows} == set(TITLES) == set(Topic)
    for row in rows:
        for text in (row.title, row.says):
            assert text, row.rule.name
            assert not re.search(r"[a-z]_[a-z]|[a-z]\.[a-z]|\bslab_|\bNone\b", text), (row.rule.name, text)


@pytest.mark.parametrize(
    ("name", "title", "says"),
    [
        ("rate.equity.long", "Rate: equity, long",
         "12.5%, above the yearly exemption, of what was gained since 31 January 2018"),
        ("rate.gold.long", "Rate: gold, long", "12.5%"),
        ("holding.foreign_share", "Held: foreign share", "Long-term after more than 24 months"),
        ("section.ltcg_equity", "Section: long-term gains on equity",
         "Section 112A of the Income-tax Act, 1961"),
        ("exemption.equity", "Yearly exemption: equity", "₹1,25,000 for each person"),
        ("setoff.short_term", "Loss set off: short term", "Against short-term gains and long-term gains"),
        ("fx.other_sources", "Exchange rate: other sources", "Of the year’s last day"),
        ("deemed_short.debt_fund", "Always short-term: debt fund",
         "However long it was held, where bought since 1 Apr 2023"),
    ],
)  # fmt: skip
def test_a_rule_says_what_it_means(name: str, title: str, says: str) -> None:
    (row,) = [row for row in rule_rows(rules_on(DAY)) if row.rule.name == name]
    assert (row.title, row.says) == (title, says)


def test_a_rule_that_no_word_knows_stands_under_its_figures_as_they_are_written() -> None:
    known = next(iter(tax_rules()))
    new = replace(known, name="levy.long", values={"rate": "0.1", "of_what": "the_gain"})
    row = row_of(new)
    assert (row.title, row.says) == ("Levy: long", "rate 0.1, of what the gain")


def names_on(page: str) -> list[str]:
    return re.findall(r'<th scope="row" class="c-name wrap">([^<]+?) *<', page)


def test_pages_of_25_and_topics_together_show_every_rule_once(asha: TestClient) -> None:
    found: list[str] = []
    place: str | None = "/tax/rules?date=2024-08-01"
    while place is not None:
        page = text_of(asha, place)
        found += names_on(page)
        further = re.search(r'href="(/tax/rules[^"]+)">Further', page)
        place = further[1].replace("&amp;", "&") if further else None
    whole = rule_rows(rules_on(DAY, categories=category_rules().in_force(DAY)))
    assert found == [row.title for row in whole]
    by_topic = [text_of(asha, f"/tax/rules?date=2024-08-01&topic={topic}") for topic in Topic]
    assert sum(len(names_on(page)) for page in by_topic) == len(whole)


def test_an_unknown_topic_is_refused_and_a_topic_without_rules_says_so(asha: TestClient) -> None:
    answer = asha.get("/tax/rules?topic=weather", headers=HTML)
    assert answer.status_code == 422
    assert "One of rates, held" in answer.text
    page = text_of(asha, "/tax/rules?date=2018-04-01&topic=crypto")
    assert "No rule of this topic held" in page
