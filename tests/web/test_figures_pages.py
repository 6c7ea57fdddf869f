"""Performance, allocation, one holding and explanations: what is refused and how, and what strangers see."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.web.family import Family, family
from tests.web.houses import join, opened, visitor
from tests.web.test_pages import assert_fits_the_policy

pytestmark = pytest.mark.usefixtures("built_assets")
HTML = {"accept": "text/html"}
DRAWER = HTML | {"HX-Request": "true", "HX-Target": "div#explanation"}


@pytest.fixture(scope="module")
def home(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Family]:
    """The family in a house of its own; tests leave its facts as they are."""
    path = tmp_path_factory.mktemp("family") / "house.db"
    shutil.copy(migrated_sqlite, path)
    with opened(f"sqlite:///{path}") as house:
        yield family(house)


@pytest.fixture(scope="module")
def ravi(home: Family) -> TestClient:
    """Somebody else in the same house."""
    return join(visitor(home.house), "ravi@example.org", "Ravi")


def page(client: TestClient, path: str) -> str:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200, (path, answer.text)
    return answer.text


def infy(home: Family) -> str:
    return f"{home.accounts['Demat']}/{home.instrument('INFY')}"


def scope_of_infy(home: Family) -> str:
    return f"{home.accounts['Demat']}:{home.instrument('INFY')}"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("scope=galaxy:1", "scope"),
        ("scope=portfolio:x", "scope"),
        ("period=2Y", "period"),
        ("period=FY3000", "period"),
        ("period=2025-02-30..2025-03-01", "day"),
        ("period=2025-03-01..2024-03-01", "period"),
    ],
)
def test_a_word_that_means_nothing_is_refused_with_what_would(home: Family, query: str, field: str) -> None:
    for path in (f"/performance?{query}", f"/explain?figure=twr&{query}"):
        answer = home.client.get(f"/api/v1{path}")
        assert answer.status_code == 422, (path, answer.text)
        body = answer.json()
        assert field in {error["field"] for error in body.get("errors", [])} or field in body["detail"]
        assert home.client.get(path, headers=HTML).status_code == 422


def test_every_refusal_of_a_scope_or_period_carries_a_cure(home: Family) -> None:
    for query in ("scope=galaxy:1", "period=2Y", "period=FY3000"):
        assert "nown" in home.client.get(f"/api/v1/performance?{query}").json()["cure"]


def test_a_figure_that_nobody_shows_is_refused(home: Family) -> None:
    for figure in ("luck", "statement.luck", "lot.luck", "holding.luck", "chosen.luck", "galaxy.far"):
        scope = (
            f"lot:{scope_of_infy(home)}:0" if figure.startswith("lot") else f"holding:{scope_of_infy(home)}"
        )
        answer = home.client.get("/api/v1/explain", params={"figure": figure, "scope": scope})
        assert answer.status_code == 422, (figure, answer.text)
        assert "is no figure" in answer.json()["detail"]
        assert answer.json()["cure"]
    assert home.client.get("/api/v1/explain").status_code == 422


def test_what_is_not_there_is_not_found(home: Family) -> None:
    key = scope_of_infy(home)
    for query in (
        f"figure=lot.cost&scope=lot:{key}:99",
        f"figure=match.gain&scope=match:{key}:99",
        f"figure=income.net&scope=income:{key}:999999",
        "figure=twr&scope=tag:nowhere",
        "figure=twr&scope=account:999",
        "figure=twr&benchmark=999999",
    ):
        assert home.client.get(f"/api/v1/explain?{query}").status_code == 404, query
    assert home.client.get("/performance?benchmark=999999", headers=HTML).status_code == 404
    assert home.client.get(f"/holdings/{home.accounts['Demat']}/999999", headers=HTML).status_code == 404


def test_a_stranger_finds_nothing_of_hers(home: Family, ravi: TestClient) -> None:
    """Not there, for all he can tell: neither pages, answers nor the explanation of a single lot."""
    key, account = scope_of_infy(home), home.accounts["Demat"]
    explained = [
        f"figure=lot.gain&scope=lot:{key}:0",
        f"figure=match.gain&scope=match:{key}:0",
        f"figure=holding.value&scope=holding:{key}",
        f"figure=averaged.cost&scope=holding:{key}",
        f"figure=statement.end&scope=account:{account}",
        f"figure=twr&scope=portfolio:{home.portfolio}",
        f"figure=twr&scope=instrument:{home.instrument('INFY')}",
        "figure=twr&scope=tag:long",
        f"figure=portfolio.value&scope=portfolio:{home.portfolio}",
        f"figure=slice.value&scope=slice:{home.portfolio}:sector:Power",
    ]
    paths = [f"/explain?{query}" for query in explained]
    paths += [f"/holdings/{infy(home)}", f"/performance?scope=account:{account}"]
    paths += [f"/allocation?portfolio={home.portfolio}"]
    for path in paths:
        assert ravi.get(f"/api/v1{path}").status_code == 404, path
        assert ravi.get(path, headers=HTML).status_code == 404, path
        assert home.client.get(f"/api/v1{path}").status_code == 200, path


def test_nobody_sees_figures_without_signing_in(home: Family) -> None:
    nobody = visitor(home.house)
    for path in ("/performance", "/allocation", f"/holdings/{infy(home)}", "/explain?figure=twr"):
        assert nobody.get(f"/api/v1{path}").status_code == 401, path
        assert nobody.get(path, headers=HTML).status_code in {302, 303}, path


def test_a_newcomer_sees_pages_that_say_what_to_do(home: Family) -> None:
    new = join(visitor(home.house), "nita@example.org", "Nita")
    assert "Nothing to spread yet" in page(new, "/allocation")
    assert "A curve needs prices" in page(new, "/performance")


def test_a_period_of_ones_own(home: Family) -> None:
    text = page(home.client, "/performance?scope=all&first=2025-01-13&last=2026-02-10")
    assert 'name="first" value="2025-01-13"' in text
    assert 'name="last" value="2026-02-10"' in text
    assert "period=2025-01-13..2026-02-10" in text, "figures are explained for the same days"
    for query, field in (("first=2025-01-13", "last"), ("first=soon&last=2026-01-01", "first")):
        answer = home.client.get(f"/performance?{query}", headers=HTML)
        assert answer.status_code == 422
        assert field in answer.text


@pytest.mark.parametrize("period", ["1M", "3M", "6M", "YTD", "1Y", "3Y", "5Y", "all", "FY2025"])
def test_every_period_offered_is_there(home: Family, period: str) -> None:
    text = page(home.client, f"/performance?scope=account:{home.accounts['Demat']}&period={period}")
    assert_fits_the_policy(text)
    assert re.search(rf'period={period}"[^>]* aria-current="true"', text)


def test_a_year_is_not_annualised_before_it_is_one(home: Family) -> None:
    body = home.client.get(f"/api/v1/performance?scope=account:{home.accounts['Demat']}&period=6M").json()
    annual = next(each for each in body["returns"] if each["name"] == "twr_annual")
    assert annual["value"] is None
    assert "less than a year" in annual["reason"]


def test_a_benchmark_can_be_chosen_and_stays_chosen(home: Family) -> None:
    index = home.instrument("NIFTY 50")
    scope = f"scope=account:{home.accounts['Demat']}"
    assert "Beside" not in page(home.client, f"/performance?{scope}")
    text = page(home.client, f"/performance?{scope}&benchmark={index}")
    assert f'<option value="{index}" selected>Nifty 50</option>' in text
    assert "Beside Nifty 50" in text
    assert f"period=3Y&amp;benchmark={index}" in text, "other periods keep it"
    answer = home.client.get("/performance?benchmark=nifty", headers=HTML)
    assert answer.status_code == 422
    assert "Benchmark" in answer.text


def test_what_is_not_available_says_why_and_what_helps(home: Family) -> None:
    text = page(home.client, "/performance?period=all")
    assert "price of NSE:NOWHERE" in text
    assert "Fetch its closes, or record a price" in text
    held = page(home.client, f"/holdings/{home.accounts['Loft']}/{home.instrument('NOWHERE')}")
    assert "No value:" in held
    assert "no price yet" in held


def test_targets_are_kept_and_shown(home: Family) -> None:
    text = page(home.client, "/allocation?by=asset_class")
    names = re.findall(r'name="name" form="targets" value="([^"]+)"', text)
    wish = {"by": "asset_class", "portfolio": "", "name": names, "target": ["60", *["" for _ in names[1:]]]}
    answer = home.client.post("/allocation/targets", data=wish, headers=HTML)
    assert answer.status_code in {302, 303}, answer.text
    text = page(home.client, answer.headers["location"])
    assert 'value="60.00"' in text
    assert "Targets add up to 60.00%; the rest is left free." in text
    body = home.client.get("/api/v1/allocation?by=asset_class").json()
    first = body["data"][0]
    assert (first["name"], first["target"]) == (names[0], "0.6")
    assert first["drift"] is not None
    taken = home.client.post("/allocation/targets", data=wish | {"target": ["" for _ in names]}, headers=HTML)
    assert taken.status_code in {302, 303}
    assert "Give a target in per cent" in page(home.client, "/allocation?by=asset_class")


@pytest.mark.parametrize("wrong", ["110", "-1", "many"])
def test_a_target_that_is_none_is_refused(home: Family, wrong: str) -> None:
    wish = {"by": "sector", "portfolio": "", "name": ["Power"], "target": [wrong]}
    answer = home.client.post("/allocation/targets", data=wish, headers=HTML)
    assert answer.status_code == 422
    assert "target" in answer.text


def test_more_than_all_is_refused_whole(home: Family) -> None:
    wish = {"weights": {"Power": "0.7", "Realty": "0.4"}}
    answer = home.client.put("/api/v1/allocation/targets?by=sector", json=wish)
    assert answer.status_code == 422
    assert answer.json()["cure"]
    assert home.client.get("/api/v1/allocation?by=sector").json()["targets_sum"] is None


def test_the_drawer_gets_the_tree_alone_and_a_page_of_its_own_is_whole(home: Family) -> None:
    path = f"/explain?figure=holding.value&scope=holding:{scope_of_infy(home)}"
    part = home.client.get(path, headers=DRAWER)
    assert part.status_code == 200
    assert "<html" not in part.text
    assert 'id="explanation-title"' in part.text
    assert re.search(r'href="/transactions/\d+"', part.text), "leaves open"
    whole = page(home.client, path)
    assert "How this figure was made" in whole
    named = page(home.client, "/explain?figure=statement.fees&period=all")
    assert '<h2 id="explanation-title">Charges</h2>' in named, "as the page calls it"
    assert_fits_the_policy(whole)


def test_a_long_table_is_shown_in_part_and_answered_whole(home: Family) -> None:
    path = f"/explain?figure=twr&scope=account:{home.accounts['Demat']}&period=all"
    text = page(home.client, path)
    days = len(home.client.get(f"/api/v1{path}").json()["table"]["day"])
    assert days > 600
    assert text.count("<tr>") == 401, "the newest 400 days and the heading"
    assert f"{days} days; the whole table" in text


def test_a_holding_tells_its_story(home: Family) -> None:
    text = page(home.client, f"/holdings/{infy(home)}")
    assert_fits_the_policy(text)
    for title in ("Price and trades", "Open lots", "Sold", "Income", "Returns since the first fact"):
        assert title in text
    assert 'data-kind="transfer_out"' in text
    sold = page(home.client, f"/holdings/{home.accounts['Demat']}/{home.instrument('TATAPOWER')}")
    assert 'class="badge warn">short' in sold


def test_an_event_that_two_sources_tell_divides_prices_once(home: Family) -> None:
    text = page(home.client, f"/holdings/{home.accounts['Demat']}/{home.instrument('TCS')}")
    points = re.findall(r'data-day="([\d-]+)" data-price="([\d.]+)" data-adjusted="([\d.]+)"', text)
    assert len(points) > 600
    for day, price, adjusted in points:
        share = 2 if day < "2024-09-02" else 1
        assert abs(float(price) / share - float(adjusted)) < 0.01, day
    words = f"figure=benchmark_twr&scope=account:{home.accounts['Demat']}&period=all"
    path = f"/api/v1/explain?{words}&benchmark={home.instrument('TCS')}"
    levels = [each for each in home.client.get(path).json()["table"]["benchmark"] if each]
    moves = [after / before for before, after in pairwise(levels)]
    assert max(moves) < 1.2, "no leap on the day of the split"
    assert min(moves) > 0.8
