"""What is shared without amounts gives none away; a public link shows what its owner chose, no more."""

from __future__ import annotations

import logging
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from tests.house.test_routes import BROWSER, HTMX
from tests.web.houses import PASSWORD, connect_broker, join, visitor, work
from tests.web.test_admin import later
from tests.web.test_family import family, let, person
from tunefolio.services.house import House
from tunefolio.services.shared_links import LOOKS
from tunefolio.store.declare import metadata
from tunefolio.telemetry import JsonLines, PlainLines

pytestmark = pytest.mark.usefixtures("built_assets")
UNITS, PAID = Decimal(1237), Decimal("1043.19")
CLOSE, NUMBER = Decimal("1400.10"), re.compile(r"\d[\d,]*(?:\.\d+)?")
DEPOSIT = "9183000"


@pytest.fixture
def dev(small_house: House, asha: TestClient) -> TestClient:
    """A member with one share and a deposit whose very name tells its amount."""
    connect_broker(small_house, join(visitor(small_house), "eve@example.org", "Eve"))  # INFY has a price now
    client = join(visitor(small_house), "dev@example.org", "Dev Rao")
    shelf = client.post("/api/v1/portfolios", json={"name": "Devs shelf"}).json()["id"]
    desk = client.post("/api/v1/accounts", json={"portfolio_id": shelf, "name": "Devs desk"}).json()["id"]
    for line in ("2024-04-01 deposit 11000000", f"2024-04-02 buy {UNITS} NSE:INFY @ {PAID}"):
        answer = client.post(f"/api/v1/accounts/{desk}/transactions/line", json={"text": line})
        assert answer.status_code == 201, answer.text
    own = {"symbol": f"FD-{DEPOSIT}", "name": f"Deposit of {DEPOSIT}", "rate": "7", "day": "2024-04-03"}
    made = client.post("/api/v1/deposits", json=own | {"account_id": desk, "amount": DEPOSIT})
    assert made.status_code == 201, made.text
    work(small_house)
    assert client.post("/api/v1/proof", json={"password": PASSWORD}).status_code == 200
    return client


def shelf(client: TestClient) -> int:
    return int(client.get("/api/v1/portfolios").json()["data"][0]["id"])


def amounts_of(client: TestClient) -> set[Decimal]:
    """The owner's numbers in every form: as told to her, in whole rupees, in thousands, lakhs and crores."""
    told = family(client)["data"][0]
    mine = client.get(f"/api/v1/family/people/{person(client)}").json()["holdings"]
    exact = {Decimal(row[name]) for row in [told, *mine] for name in ("invested", "value", "pnl")}
    exact |= (
        {Decimal(told["day_change"]), UNITS, PAID, CLOSE, Decimal(DEPOSIT)} if told["day_change"] else set()
    )
    exact |= {Decimal(row["quantity"]) for row in mine} | {UNITS, PAID, CLOSE, Decimal(DEPOSIT)}
    forms = set()
    for amount in exact:
        for unit in (1, 1_000, 100_000, 10_000_000):
            for digits in ("1", "0.1", "0.01", "0.0001"):
                forms.add(abs(amount / unit).quantize(Decimal(digits), ROUND_HALF_UP))
    return {form for form in forms if form > 20}


def numbers_in(text: str) -> set[Decimal]:
    return {Decimal(found.replace(",", "")) for found in NUMBER.findall(text)}


def told_by(text: str, amounts: set[Decimal]) -> set[Decimal]:
    return {number for number in numbers_in(text) if number in amounts}


def link_of(client: TestClient, **wish: Any) -> tuple[int, str]:
    """A new public link: its number, and its path."""
    wish = {"portfolio_id": shelf(client), "title": "For the curious"} | wish
    answer = client.post("/api/v1/family/links", json=wish)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"]), "/shared/" + answer.json()["url"].rpartition("/")[2]


def test_the_page_of_a_grant_shows_the_portfolio(asha: TestClient, dev: TestClient) -> None:
    id = let(dev, asha, "asha@example.org", portfolio_id=shelf(dev), amounts="shown")
    amounts = amounts_of(dev)
    body = asha.get(f"/api/v1/family/grants/{id}").json()
    page = asha.get(f"/family/grants/{id}", headers=BROWSER).text
    assert (body["title"], body["name"], body["is_own"]) == ("Devs shelf", "Dev Rao", False)
    infy = next(one for one in body["holdings"] if one["symbol"] == "INFY")
    assert Decimal(infy["amounts"]["quantity"]) == UNITS
    assert Decimal(infy["pnl_ratio"]) == (CLOSE / PAID - 1).quantize(Decimal("0.0001"))
    assert {one["name"] for one in body["asset_classes"]} == {"equity", "fixed"}
    weights = [Decimal(one["weight_ratio"]) for one in body["sectors"]]
    assert abs(sum(weights, Decimal(0)) - 1) <= Decimal("0.0002")
    assert set(body["returns"]) >= {"xirr", "twr_1y", "twr_all"}
    assert told_by(page, amounts) >= {UNITS}, "the scan finds what is there"
    assert told_by(asha.get(f"/api/v1/family/grants/{id}").text, amounts) >= {UNITS}


def test_hidden_amounts_are_nowhere(asha: TestClient, dev: TestClient) -> None:
    id = let(dev, asha, "asha@example.org", portfolio_id=shelf(dev), amounts="hidden")
    _, public = link_of(dev)
    amounts = amounts_of(dev)
    pages = [asha.get(path, headers=BROWSER) for path in (f"/family/grants/{id}", "/family", public)]
    programs = [asha.get(f"/api/v1/family{path}") for path in (f"/grants/{id}", "/grants", "")]
    for answer in pages + programs:
        assert answer.status_code == 200, answer.text
        assert told_by(answer.text, amounts) == set(), answer.url
        assert DEPOSIT not in answer.text
        assert DEPOSIT[:4] not in answer.text.replace(",", "")
    assert "INFY" in pages[0].text
    assert "INFY" in pages[2].text
    body = programs[0].json()
    assert body["amounts"] is None
    assert {one["amounts"] for one in body["holdings"]} == {None}
    assert {one["value"] for one in body["sectors"] + body["asset_classes"]} == {None}


def test_no_ratio_is_exact_enough_to_reckon_amounts_from(asha: TestClient, dev: TestClient) -> None:
    """Whole per cents; but for what a day did, which says what everybody can read in the market."""
    id = let(dev, asha, "asha@example.org", amounts="hidden")
    body = asha.get(f"/api/v1/family/grants/{id}").json()
    rows = [body["returns"], *body["holdings"], *body["sectors"], *body["asset_classes"]]
    names = ("weight_ratio", "pnl_ratio", "xirr", "twr_1m", "twr_3m", "twr_1y", "twr_all")
    ratios = [row[name] for row in rows for name in names if name in row]
    told = [Decimal(ratio) for ratio in ratios if ratio]
    assert len(told) > 8
    assert all(ratio == ratio.quantize(Decimal("0.01")) for ratio in told)
    assert body["returns"]["until"] == "2026-10-31"


def test_what_is_not_said_is_hidden_and_what_is_misspelt_refused(asha: TestClient, dev: TestClient) -> None:
    """A slip shares less than was meant, never more."""
    offer, links = {"email": "asha@example.org"}, "/api/v1/family/links"
    for slip in ({"amount": "hidden"}, {"portfolio": shelf(dev)}, {"until": "2026-12-01"}):
        answer = dev.post("/api/v1/family/grants", json=offer | slip)
        assert answer.status_code == 422, slip
        assert next(iter(slip)) in answer.text
    wish = {"portfolio_id": shelf(dev), "title": "A title", "last_dai": "2026-12-01"}
    assert dev.post(links, json=wish).status_code == 422
    token = {"name": "A token", "scopes": ["read"], "day": 1}
    assert dev.post("/api/v1/tokens", json=token).status_code == 422
    assert dev.get("/api/v1/family/grants").json()["data"] == []
    assert dev.post("/api/v1/family/grants", json=offer).status_code == 201
    assert dev.post("/family/grants", data=offer | {"portfolio": shelf(dev)}).status_code == 303
    assert {row["amounts"] for row in dev.get("/api/v1/family/grants").json()["data"]} == {"hidden"}


def test_what_is_hidden_is_part_of_no_sum(asha: TestClient, dev: TestClient) -> None:
    """Else whoever takes her own from the whole would know it."""
    before = family(asha)
    id = let(dev, asha, "asha@example.org", amounts="hidden")
    after = family(asha)
    assert (after["value"], after["invested"], len(after["data"])) == (before["value"], before["invested"], 1)
    assert asha.get(f"/api/v1/family/people/{person(dev)}").status_code == 404
    assert asha.get(f"/family/people/{person(dev)}", headers=BROWSER).status_code == 404
    assert f"/family/grants/{id}" in asha.get("/family", headers=BROWSER).text


def test_a_grant_of_everything_swallows_only_what_shows_no_more(asha: TestClient, dev: TestClient) -> None:
    let(dev, asha, "asha@example.org", amounts="hidden")
    let(dev, asha, "asha@example.org", portfolio_id=shelf(dev), amounts="shown")
    (_, share) = family(asha)["data"]
    assert share["portfolios"] == ["Devs shelf"]


def test_a_grant_opens_for_its_two_people_while_it_lasts(asha: TestClient, dev: TestClient) -> None:
    offered = dev.post(
        "/api/v1/family/grants", json={"email": "asha@example.org", "amounts": "hidden"}
    ).json()["id"]
    path = f"/api/v1/family/grants/{offered}"
    assert asha.get(path).status_code == 404, "not accepted yet"
    assert dev.get(path).json()["is_own"]
    assert dev.get(path).json()["amounts"] is None, "the owner sees what the other sees"
    asha.post(f"{path}/accept")
    assert asha.get(path).status_code == 200
    dev.delete(path)
    assert {asha.get(path).status_code, dev.get(path).status_code} == {404}
    assert asha.get(f"/family/grants/{offered}", headers=BROWSER).status_code == 404


def test_an_open_page_says_that_it_is_over_and_asks_no_more(
    small_house: House, asha: TestClient, dev: TestClient
) -> None:
    """Of what was shared nothing stays on the screen, the heading neither; a page that shows an error only
    beside it would keep it for ever."""
    hidden = let(dev, asha, "asha@example.org", portfolio_id=shelf(dev), amounts="hidden")
    shown = let(dev, asha, "asha@example.org", amounts="shown")
    for id, path, place in (
        (hidden, f"/family/grants/{hidden}", "shared-book"),
        (shown, f"/family/people/{person(dev)}", "held"),
    ):
        asks = {**HTMX, "hx-target": f"div#{place}"}
        before = asha.get(path, headers=asks).text
        assert f'hx-get="{path}"' in before
        assert f'id="{place}"' in before
        assert "INFY" in before
        dev.delete(f"/api/v1/family/grants/{id}")
        after = asha.get(path, headers=asks)
        assert after.status_code == 200
        assert f'id="{place}"' in after.text
        assert "no longer shared with you" in after.text
        for word in ("hx-get", "INFY", "Devs shelf", "Dev Rao"):
            assert word not in after.text, word
        assert asha.get(path, headers=BROWSER).status_code == 404
        assert asha.get(path, headers=HTMX).status_code == 404
    assert asha.get("/family/grants/99999", headers={**HTMX, "hx-target": "div#shared-book"}).text.count(
        "no longer shared"
    ), "the same for what never was"


def test_an_open_public_page_ends_with_its_link(small_house: House, dev: TestClient) -> None:
    """It comes back by itself, which is not a look more."""
    id, path = link_of(dev)
    stranger = visitor(small_house)
    page = stranger.get(path, headers=BROWSER).text
    assert '<meta http-equiv="refresh" content="60;url=?again">' in page
    assert stranger.get(f"{path}?again", headers=BROWSER).text == page
    assert [row["seen"] for row in dev.get("/api/v1/family/links").json()["data"]] == [1]
    dev.delete(f"/api/v1/family/links/{id}")
    after = stranger.get(f"{path}?again", headers=BROWSER)
    assert after.status_code == 404
    assert "refresh" not in after.text


def test_a_public_link_shows_what_was_chosen_and_nothing_of_its_owner(
    small_house: House, dev: TestClient
) -> None:
    _, path = link_of(dev)
    answer = visitor(small_house).get(path, headers=BROWSER)
    assert answer.status_code == 200
    assert "For the curious" in answer.text
    assert "INFY" in answer.text
    for word in (
        "Dev Rao",
        "dev@example.org",
        "Devs shelf",
        "Devs desk",
        'href="/dashboard',
        "/sign-in",
        "<script",
    ):
        assert word not in answer.text, word
    assert "noindex" in answer.headers["x-robots-tag"]
    assert answer.headers["cache-control"] == "no-store"
    assert '<meta name="referrer" content="no-referrer">' in answer.text
    assert "set-cookie" not in answer.headers
    assert re.findall(r'href="(/[^"]*)"', answer.text.replace("/static/", "")) == []
    assert dev.get(path, headers=BROWSER).text == answer.text, "whoever looks sees the same"
    _, open_path = link_of(dev, amounts="shown")
    shown = visitor(small_house).get(open_path, headers=BROWSER).text
    assert told_by(shown, amounts_of(dev)) >= {UNITS}


def test_what_does_not_open_is_one_and_the_same(
    small_house: House, asha: TestClient, dev: TestClient
) -> None:
    stranger = visitor(small_house)
    unknown = stranger.get("/shared/tf_link_" + "x" * 43, headers=BROWSER)
    assert unknown.status_code == 404
    revoked, was = link_of(dev)
    assert stranger.get(was).status_code == 200
    assert dev.delete(f"/api/v1/family/links/{revoked}").status_code == 204
    assert dev.delete(f"/api/v1/family/links/{revoked}").status_code == 404
    _, dated = link_of(dev, last_day="2026-11-20")
    _, lasting = link_of(dev)
    later(small_house, 13 * 60)
    assert stranger.get(dated).status_code == 200
    later(small_house, 60)
    assert stranger.get(lasting).status_code == 200
    asha.post("/api/v1/proof", json={"password": "a long enough password"})
    assert asha.post(f"/api/v1/admin/persons/{person(dev)}/disable").status_code == 204
    for path in (was, dated, lasting, "/shared/x", "/shared/" + "y" * 500):
        again = stranger.get(path, headers=BROWSER)
        assert (again.status_code, again.content) == (404, unknown.content), path
        assert dict(again.headers) | {"x-request-id": ""} == dict(unknown.headers) | {"x-request-id": ""}


def test_a_link_whose_portfolio_is_gone_opens_nothing(small_house: House, dev: TestClient) -> None:
    other = dev.post("/api/v1/portfolios", json={"name": "Devs attic"}).json()["id"]
    _, path = link_of(dev, portfolio_id=other)
    assert visitor(small_house).get(path).status_code == 200
    dev.request("DELETE", f"/api/v1/portfolios/{other}", params={"confirm_name": "Devs attic"})
    assert visitor(small_house).get(path).status_code == 404
    assert dev.get("/api/v1/family/links").json()["data"] == [], "it ended with its portfolio"
    assert "No links yet" in dev.get("/family/links", headers=BROWSER).text
    assert (
        dev.get("/api/v1/activity", params={"group": "grant"}).json()["data"][0]["action"]
        == "grant.link_revoked"
    )


def test_looks_are_counted_and_lookers_are_not_known(small_house: House, dev: TestClient) -> None:
    id, path = link_of(dev)
    (kept,) = dev.get("/api/v1/family/links").json()["data"]
    assert (kept["id"], kept["seen"], kept["seen_at"], kept["amounts"]) == (id, 0, None, "hidden")
    for _ in range(3):
        visitor(small_house).get(path, headers={"user-agent": "a-curious-browser"})
    (kept,) = dev.get("/api/v1/family/links").json()["data"]
    assert (kept["seen"], kept["seen_at"][:10]) == (3, "2026-11-20")
    assert "a-curious-browser" not in everything_kept(small_house)


def test_the_token_is_kept_and_logged_nowhere(
    small_house: House, dev: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = dev.post(
            "/family/links",
            data={"portfolio": shelf(dev), "title": "Once", "amounts": "hidden"},
            headers=BROWSER,
        )
        (token,) = set(re.findall(r"tf_link_[\w-]{43}", answer.text))
        visitor(small_house).get(f"/shared/{token}")
        visitor(small_house).get(f"/shared/{token}/more")
        visitor(small_house).get(f"/shared/{token}x")
    lines = [form.format(record) for record in caplog.records for form in (PlainLines(), JsonLines())]
    assert any("/shared/" in line for line in lines)
    assert not [line for line in lines if token[8:24] in line]
    assert token not in everything_kept(small_house)
    assert "tf_link_" not in dev.get("/family/links", headers=BROWSER).text
    told = dev.get("/api/v1/activity").json()["data"][0]
    assert told["action"] == "grant.link_made"
    assert token[8:] not in str(told)


def everything_kept(house: House) -> str:
    with house.database.reading() as db:
        return str([tuple(row) for table in metadata.sorted_tables for row in db.execute(select(table))])


def test_one_address_looks_only_so_often(small_house: House, dev: TestClient) -> None:
    _, path = link_of(dev)
    guesser = visitor(small_house)
    answers = [guesser.get(f"/shared/tf_link_{number}").status_code for number in range(LOOKS.times)]
    assert set(answers) == {404}
    assert {guesser.get("/shared/tf_link_x").status_code, guesser.get(path).status_code} == {429}


def test_links_are_checked(small_house: House, asha: TestClient, dev: TestClient) -> None:
    def made(client: TestClient, **wish: Any) -> int:
        wish = {"portfolio_id": shelf(dev), "title": "A title"} | wish
        return client.post("/api/v1/family/links", json=wish).status_code

    assert made(asha) == 404, "another's portfolio"
    assert made(dev, title=" ") == 422
    assert made(dev, amounts="some") == 422
    assert made(dev, last_day="2026-11-19") == 422
    assert [made(dev) for _ in range(21)] == [201] * 20 + [422]
    id = dev.get("/api/v1/family/links").json()["data"][0]["id"]
    assert asha.delete(f"/api/v1/family/links/{id}").status_code == 404
    assert asha.post(f"/family/links/{id}/revoke").status_code == 404
    assert dev.post(f"/family/links/{id}/revoke").status_code == 303
    assert len(dev.get("/api/v1/family/links").json()["data"]) == 19
