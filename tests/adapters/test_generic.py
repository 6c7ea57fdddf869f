"""A source of the operator's own: what its description may say, and that only the described host is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.outside import Outside, Reply
from tests.adapters.world import sessions, started
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.memory import MemoryShared
from tunefolio.adapters.prices.generic.source import Generic, generic
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import Listing
from tunefolio.sandbox.serve import Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "spec" / "sources.md"
INFY = Listing("NSE", "INFY")
SINCE, UNTIL = TradingDay.parse("2024-01-12"), TradingDay.parse("2024-01-17")
PATH = "/prices/INFY"
GOOD = {
    "url": "https://host/prices/{symbol}", "serves": "NSE", "day": "d", "close": "c", "currency": "INR"
}  # fmt: skip


def source(options: Mapping[str, str]) -> Generic:
    made = generic({"requests_per_second": "10000", **options}, Gates(MemoryShared()))
    assert isinstance(made, Generic)
    return made


def at(outside: Outside, **options: str) -> Generic:
    return source({**GOOD, "url": f"{outside.url}/prices/{{symbol}}", **options})


def bars(outside: Outside, body: bytes, **options: str) -> tuple[Bar, ...]:
    outside.on(PATH, Reply(body=body))
    claim = at(outside, **options).bars(INFY, SINCE, UNTIL)
    assert claim is not None
    assert claim.currency == "INR"
    return claim.bars


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def test_without_a_description_there_is_no_source() -> None:
    assert generic({}, Gates(MemoryShared())) is None
    assert generic({"timeout_seconds": "3"}, Gates(MemoryShared())) is None


@pytest.mark.parametrize(
    ("change", "option"),
    [
        ({"url": "ftp://host/{symbol}"}, "url"),
        ({"url": "file:///etc/passwd?{symbol}"}, "url"),
        ({"url": "host/{symbol}"}, "url"),
        ({"url": "https://{symbol}.host/"}, "url"),
        ({"url": "https://host:port/{symbol}"}, "url"),
        ({"url": "https://me:secret@host/{symbol}"}, "url"),
        ({"url": "https://host/{symbol.__class__}"}, "url"),
        ({"url": "https://host/{nobody}/{symbol}"}, "url"),
        ({"url": "https://host/{"}, "url"),
        ({"url": "https://host/same-for-all"}, "url"),
        ({"serves": ""}, "serves"),
        ({"serves": "MOON"}, "serves"),
        ({"serves": "USD/INR"}, "serves"),
        ({"kind": "rates", "url": "https://host/{base}", "serves": "NSE"}, "serves"),
        ({"kind": "gossip"}, "kind"),
        ({"format": "xml"}, "format"),
        ({"day": ""}, "day"),
        ({"close": ""}, "close"),
        ({"open": "o"}, "open"),
        ({"currency": ""}, "currency"),
        ({"currency": "rupees"}, "currency"),
        ({"date_format": "%H:%M"}, "date_format"),
        ({"url_date_format": "tomorrow"}, "url_date_format"),
        ({"decimal": ";"}, "decimal"),
        ({"delimiter": "|"}, "delimiter"),
        ({"headers": "Bearer secret"}, "headers"),
        ({"file": "/nowhere/at/all.toml"}, "file"),
        ({"colour": "red"}, "colour"),
    ],
    ids=str,
)
def test_a_wrong_word_is_named(change: dict[str, str], option: str) -> None:
    with pytest.raises(Misuse) as wrong:
        source({**GOOD, **change})
    assert wrong.value.field == f"generic.{option}"


@pytest.mark.parametrize(
    "text",
    ["[source]\nname = 'x'\n", "other = 1\n", "source = 3\n", "= broken", "[[source]]\nname = 'x'\n",
     "[[source]]\nname = 'x'\nheaders = 'A: b'\n"],
    ids=str,
)  # fmt: skip
def test_a_wrong_file_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(Misuse) as wrong:
        source({"file": str(path)})
    assert wrong.value.field == "generic.file"


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    table = "[[source]]\nname = 'x'\n" + "".join(f"{name} = '{text}'\n" for name, text in GOOD.items())
    path = tmp_path / "sources.toml"
    path.write_text(table * 2, "utf-8")
    with pytest.raises(Misuse, match="two sources"):
        source({"file": str(path)})


def test_json_rows_of_any_shape(outside: Outside) -> None:
    wanted = (Bar(day("2024-01-12"), Decimal("1500.25")), Bar(day("2024-01-15"), Decimal("1510.00")))
    objects = (
        b'[{"d": "2024-01-15", "c": "1,510.00"}, {"d": "2024-01-12T00:00:00", "c": 1500.25}, {"d": null}]'
    )
    assert bars(outside, objects) == wanted
    lists = b'{"data": {"candles": [["2024-01-12", 0, 1500.25], ["2024-01-15", 0, 1510.00]]}}'
    assert bars(outside, lists, rows="data/candles", day="0", close="-1") == wanted
    keyed = b'{"Daily": {"2024-01-15": {"4. close": "1510.00"}, "2024-01-12": {"4. close": "1500.25"}}}'
    assert bars(outside, keyed, rows="Daily", day="@key", close="4. close") == wanted
    alone = b'{"d": 1705017600, "c": 1500.25}'
    assert bars(outside, alone, date_format="seconds") == wanted[:1]


def test_tables_with_decimal_commas_and_their_own_dates(outside: Outside) -> None:
    body = "\ufeffDatum;Auf;Hoch;Tief;Schluss;Menge\n12.01.2024;1.490,5;1.505;1.480;1.500,25;1.234\n".encode()
    words = {
        "format": "csv", "delimiter": "semicolon", "decimal": ",", "date_format": "%d.%m.%Y", "day": "Datum",
        "open": "Auf", "high": "Hoch", "low": "Tief", "close": "Schluss", "volume": "Menge",
    }  # fmt: skip
    assert bars(outside, body, **words) == (
        Bar(day("2024-01-12"), Decimal("1500.25"), Decimal("1490.5"), Decimal(1505), Decimal(1480), 1234),
    )


@pytest.mark.parametrize(
    ("body", "options", "kind"),
    [
        (b"<html>", {}, Retry),
        (b"", {}, Retry),
        (b'{"a": 1', {}, Retry),
        (b"<html>", {"format": "csv"}, Retry),
        (b"d,c\n2024-01-12", {"format": "csv"}, Retry),
        (b"d,x\n2024-01-12,5\n", {"format": "csv"}, Rejected),
        (b'{"rows": 5}', {"rows": "rows"}, Rejected),
        (b"{}", {"rows": "rows"}, Rejected),
        (b'[{"d": "yesterday", "c": 1}]', {}, Rejected),
        (b'[{"d": "2024-01-12", "c": "dear"}]', {}, Rejected),
        (b'[{"d": "2024-01-12", "c": 0}]', {}, Rejected),
        (b'[{"d": "12/01/2024", "c": 5}]', {"date_format": "%d-%m-%Y"}, Rejected),
        (b"[5]", {}, Rejected),
        (b"[5]", {"day": "@key"}, Rejected),
    ],
    ids=str,
)
def test_what_does_not_fit_its_description(
    outside: Outside, body: bytes, options: dict[str, str], kind: type[Exception]
) -> None:
    outside.on(PATH, Reply(body=body))
    with pytest.raises(kind):
        at(outside, **options).bars(INFY, SINCE, UNTIL)


def test_a_symbol_cannot_leave_its_place_in_the_address(outside: Outside) -> None:
    made = at(outside, serves="NSE,OWN", headers="X-Key: hush | X-Other: b")
    for symbol in ("../../admin", "a/b?c#d", "x@evil.example", "{from}", "M&M"):
        assert made.bars(Listing("OWN", symbol), SINCE, UNTIL) is None
    assert not made.serves(Listing("NSE", ".."))
    assert made.bars(Listing("NSE", ".."), SINCE, UNTIL) is None
    assert [asked.path for asked in outside.asked] == [
        "/prices/..%2F..%2Fadmin", "/prices/a%2Fb%3Fc%23d", "/prices/x%40evil.example", "/prices/%7Bfrom%7D",
        "/prices/M%26M",
    ]  # fmt: skip
    assert all(asked.headers["x-key"] == "hush" for asked in outside.asked)


def test_a_redirect_is_refused_and_secrets_stay_unsaid(outside: Outside) -> None:
    outside.on(PATH, Reply(302, b"", "text/plain", {"Location": f"{outside.url}/elsewhere"}))
    made = at(outside, headers="Authorization: Bearer hush")
    with pytest.raises(Rejected, match="not followed") as refused:
        made.bars(INFY, SINCE, UNTIL)
    assert len(outside.asked) == 1
    assert "hush" not in str(refused.value) + repr(made.__dict__)


def test_days_are_written_into_the_address_as_described(outside: Outside) -> None:
    for form, since, until in (
        ("%d-%m-%Y", "12-01-2024", "16-01-2024"),
        ("seconds", "1705017600", "1705363200"),
        ("milliseconds", "1705017600000", "1705363200000"),
        ("iso", "2024-01-12", "2024-01-16"),
    ):
        url = f"{outside.url}/prices/{{symbol}}?a={{from}}&b={{to}}"
        source({**GOOD, "url": url, "url_date_format": form}).bars(INFY, SINCE, UNTIL)
        assert dict(outside.asked[-1].query) == {"a": since, "b": until}


def test_a_last_price_without_a_zone_is_of_utc(outside: Outside) -> None:
    outside.on(PATH, Reply(body=b'[{"d": "2024-01-12 10:00", "c": 5}, {"d": "2024-01-12T11:00:00", "c": 6}]'))
    made = at(outside, kind="quotes")
    (claim,) = made.quotes([INFY, INFY, Listing("BSE", "X")]).values()
    assert (claim.last, claim.currency) == (Decimal(6), "INR")
    assert claim.as_of == Instant.parse("2024-01-12T11:00:00Z")
    assert made.bars(INFY, SINCE, UNTIL) is None
    outside.on(PATH, Reply(body=b"[]"))
    assert made.quotes([INFY]) == {}
    outside.on(PATH, Reply(body=b'[{"d": "noon", "c": 5}]'))
    with pytest.raises(Rejected):
        made.quotes([INFY])


# The example of the page --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    yield from started()


def test_the_example_of_the_page_works(sandbox: Sandbox, tmp_path: Path) -> None:
    """As it stands in docs/spec/sources.md, with the simulated source in the example's place."""
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "sources.toml"
    path.write_text(example.replace("https://prices.example", f"{sandbox.world_url}/generic"), "utf-8")
    made = source({"file": str(path)})
    days = sessions(sandbox, 5)
    listing = Listing("NSE", "INFY")

    claim: Any = made.bars(listing, days[0], days[4])
    assert [bar.day for bar in claim.bars] == days[:4]
    listed = sandbox.market.universe.of("NSE:INFY")
    closes = [Decimal(sandbox.market.close(listed, one)) / 100 for one in days[:4]]
    assert [bar.close for bar in claim.bars] == closes
    assert all(bar.has_range and bar.volume > 0 for bar in claim.bars)

    (quote,) = made.quotes([listing]).values()
    assert sandbox.config.clock.now() - quote.as_of < timedelta(days=5)
    assert made.quotes([Listing("NSE", "TCS")]) == {}

    rates = made.rates(Currency("USD"), Currency("INR"), days[0], days[4])
    assert rates is not None
    assert [rate.day for rate in rates] == [one for one in days[:4] if one.date.weekday() < 5]
    assert made.rates(Currency("JPY"), Currency("INR"), days[0], days[4]) is None
