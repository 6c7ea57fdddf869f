"""The family view: sums over what others let one see, and nothing of anyone without a grant in force."""

from __future__ import annotations

import ast
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import tunefolio
from tests.house.test_routes import BROWSER, HTMX
from tests.web.houses import PASSWORD, connect_broker, join, visitor, work
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Viewer
from tunefolio.services import grants as gate
from tunefolio.services.house import House
from tunefolio.store import grants as rows

pytestmark = pytest.mark.usefixtures("built_assets")


@pytest.fixture
def bela(small_house: House, asha: TestClient) -> TestClient:
    """A member with three holdings, of which two are priced."""
    client = join(visitor(small_house), "bela@example.org", "Bela")
    connect_broker(small_house, client)
    return client


@pytest.fixture
def dev(small_house: House, asha: TestClient) -> TestClient:
    """A member with one book kept by hand."""
    client = join(visitor(small_house), "dev@example.org", "Dev")
    shelf = client.post("/api/v1/portfolios", json={"name": "Devs shelf"}).json()["id"]
    desk = client.post("/api/v1/accounts", json={"portfolio_id": shelf, "name": "Devs desk"}).json()["id"]
    for line in ("2024-04-01 deposit 100000", "2024-04-02 buy 20 NSE:INFY @ 1000"):
        answer = client.post(f"/api/v1/accounts/{desk}/transactions/line", json={"text": line})
        assert answer.status_code == 201, answer.text
    work(small_house)
    return client


def person(client: TestClient) -> int:
    return int(client.get("/api/v1/session").json()["person"]["id"])


def let(giver: TestClient, taker: TestClient, email: str, **more: Any) -> int:
    """Offered by one, accepted by the other; the grant's id."""
    offered = giver.post("/api/v1/family/grants", json={"email": email, "amounts": "shown"} | more)
    assert offered.status_code == 201, offered.text
    id = int(offered.json()["id"])
    assert taker.post(f"/api/v1/family/grants/{id}/accept").status_code == 204
    return id


def family(client: TestClient) -> dict[str, Any]:
    body: dict[str, Any] = client.get("/api/v1/family").json()
    return body


def test_the_sum_is_the_sum_of_the_shares(
    small_house: House, asha: TestClient, bela: TestClient, dev: TestClient
) -> None:
    alone = {who: family(client) for who, client in (("bela", bela), ("dev", dev))}
    let(bela, asha, "asha@example.org")
    let(dev, asha, "asha@example.org")
    body = family(asha)
    assert [share["name"] for share in body["data"]] == ["Asha", "Bela", "Dev"]
    assert body["data"][0]["is_self"]
    for name in ("value", "invested", "pnl"):
        told = sum((Decimal(str(alone[who][name])) for who in alone), Decimal(0))
        assert Decimal(body[name]) == told
        assert sum(Decimal(str(share[name])) for share in body["data"] if share[name]) == told
    shares = [Decimal(share["share_ratio"]) for share in body["data"] if share["share_ratio"]]
    assert abs(sum(shares, Decimal(-1))) < Decimal("1e-9")
    ratios = [share[name] for share in body["data"] for name in ("share_ratio", "xirr", "day_change_ratio")]
    assert {len(ratio.partition(".")[2]) > 10 for ratio in ratios if ratio} == {False}, "no idle digits"
    assert body["unpriced"] == 1
    page = asha.get("/family", headers=BROWSER).text
    assert "Bela" in page
    assert "everything" in page


def test_xirr_is_worked_out_over_the_flows_of_all(
    small_house: House, asha: TestClient, dev: TestClient
) -> None:
    """Asha keeps the very same book as Dev: each alone, and both together, earned the same rate."""
    shelf = asha.post("/api/v1/portfolios", json={"name": "Same"}).json()["id"]
    desk = asha.post("/api/v1/accounts", json={"portfolio_id": shelf, "name": "Same"}).json()["id"]
    for line in ("2024-04-01 deposit 100000", "2024-04-02 buy 20 NSE:INFY @ 1000"):
        asha.post(f"/api/v1/accounts/{desk}/transactions/line", json={"text": line})
    client = join(visitor(small_house), "eve@example.org", "Eve")
    connect_broker(small_house, client)  # from here on INFY has a price
    work(small_house)
    let(dev, asha, "asha@example.org")
    body = family(asha)
    alone = Decimal(family(dev)["xirr"])
    assert {Decimal(share["xirr"]).quantize(Decimal("1e-9")) for share in body["data"]} == {
        alone.quantize(Decimal("1e-9"))
    }
    assert abs(Decimal(body["xirr"]) - alone) < Decimal("1e-9")
    assert alone > 0


def test_of_one_portfolio_only_that_is_seen(asha: TestClient, dev: TestClient) -> None:
    other = dev.post("/api/v1/portfolios", json={"name": "Devs attic"}).json()["id"]
    desk = dev.post("/api/v1/accounts", json={"portfolio_id": other, "name": "Devs chest"}).json()["id"]
    dev.post(f"/api/v1/accounts/{desk}/transactions/line", json={"text": "2024-04-02 buy 7 NSE:WIPRO @ 400"})
    let(dev, asha, "asha@example.org", portfolio_id=other)
    (_, share) = family(asha)["data"]
    assert share["portfolios"] == ["Devs attic"]
    assert [home["name"] for home in share["accounts"]] == ["Devs chest"]
    seen = asha.get(f"/family/people/{person(dev)}", headers=BROWSER).text
    assert "WIPRO" in seen
    assert "INFY" not in seen
    assert "Devs desk" not in seen
    let(dev, asha, "asha@example.org")
    (_, whole) = family(asha)["data"]
    assert whole["portfolios"] == []
    assert sorted(home["name"] for home in whole["accounts"]) == ["Devs chest", "Devs desk"]
    assert dev.delete(f"/api/v1/portfolios/{other}?confirm_name=Devs attic").status_code in (200, 204)


def test_what_is_shown_of_a_portfolio_ends_with_it(asha: TestClient, dev: TestClient) -> None:
    """Grants and public links: nobody is left with a button that leads to nothing."""
    other = dev.post("/api/v1/portfolios", json={"name": "Devs attic"}).json()["id"]
    let(dev, asha, "asha@example.org", portfolio_id=other)
    dev.post("/api/v1/proof", json={"password": PASSWORD})
    wish = {"portfolio_id": other, "title": "The attic"}
    assert dev.post("/api/v1/family/links", json=wish).status_code == 201
    assert len(family(asha)["data"]) == 2
    gone = dev.request("DELETE", f"/api/v1/portfolios/{other}", params={"confirm_name": "Devs attic"})
    assert gone.status_code in (200, 204), gone.text
    assert len(family(asha)["data"]) == 1
    assert dev.get("/family", headers=BROWSER).status_code == 200
    assert dev.get("/api/v1/family/links").json()["data"] == []
    assert [client.get("/api/v1/family/grants").json()["data"] for client in (asha, dev)] == [[], []]
    done = [row["action"] for row in dev.get("/api/v1/activity").json()["data"]][:3]
    assert done == ["portfolio.deleted", "grant.link_revoked", "grant.revoked"]


def test_nothing_is_seen_before_it_is_accepted_or_after_it_ends(
    asha: TestClient, bela: TestClient, dev: TestClient
) -> None:
    offered = bela.post(
        "/api/v1/family/grants", json={"email": "asha@example.org", "amounts": "shown"}
    ).json()["id"]
    hidden = f"/api/v1/family/people/{person(bela)}"
    assert asha.get(hidden).status_code == 404
    assert "Offered to you" in asha.get("/family", headers=BROWSER).text
    assert dev.post(f"/api/v1/family/grants/{offered}/accept").status_code == 404
    assert bela.post(f"/api/v1/family/grants/{offered}/accept").status_code == 404
    assert asha.post(f"/family/grants/{offered}/accept").status_code == 303
    assert asha.get(hidden).json()["holdings"]
    assert dev.get(hidden).status_code == 404
    assert asha.delete(f"/api/v1/family/grants/{offered}").status_code == 404, "only the owner takes back"
    assert bela.post(f"/family/grants/{offered}/revoke").status_code == 303
    assert asha.get(hidden).status_code == 404
    assert len(family(asha)["data"]) == 1
    told = [row["action"] for row in asha.get("/api/v1/activity").json()["data"]]
    assert told[:3] == ["grant.revoked", "grant.accepted", "grant.offered"]
    assert told[:3] == [row["action"] for row in bela.get("/api/v1/activity").json()["data"]][:3]
    assert "grant" not in str([row["action"] for row in dev.get("/api/v1/activity").json()["data"]])


def test_a_grant_reads_and_nothing_else(asha: TestClient, bela: TestClient) -> None:
    """Every other door stays shut: the ids of what is seen open nothing."""
    let(bela, asha, "asha@example.org")
    seen = asha.get(f"/api/v1/family/people/{person(bela)}").json()
    account, instrument = seen["holdings"][0]["account_id"], seen["holdings"][0]["instrument_id"]
    for path in (
        f"/api/v1/accounts/{account}", f"/api/v1/accounts/{account}/holdings/{instrument}",
        f"/api/v1/accounts/{account}/export", f"/holdings/{account}/{instrument}/lots",
    ):  # fmt: skip
        assert asha.get(path).status_code == 404, path
    line = {"text": "2024-04-01 deposit 5"}
    assert asha.post(f"/api/v1/accounts/{account}/transactions/line", json=line).status_code == 404
    for path in (
        "/api/v1/transactions",
        "/api/v1/jobs",
        "/api/v1/portfolios",
        "/dashboard",
        "/holdings",
        "/work",
    ):
        text = asha.get(path, headers=HTMX if not path.startswith("/api") else {}).text
        assert "TATAPOWER" not in text, path
        assert "AB1234" not in text, path


def test_offers_are_checked(asha: TestClient, bela: TestClient, dev: TestClient) -> None:
    def offered(**wish: Any) -> int:
        return bela.post("/api/v1/family/grants", json={"email": "asha@example.org"} | wish).status_code

    foreign = dev.get("/api/v1/portfolios").json()["data"][0]["id"]
    assert offered(email="nobody@example.org") == 422
    assert offered(email="bela@example.org") == 422
    assert offered(portfolio_id=foreign) == 404
    assert offered(last_day="2026-11-19") == 422
    assert offered(last_day="2026-11-20") == 201
    assert offered() == 422, "the same is given once"
    for _ in range(20):
        offered(email="nobody@example.org")
    assert offered(email="nobody@example.org") == 429


def test_the_grantee_may_leave_and_the_day_ends_it(
    small_house: House, asha: TestClient, bela: TestClient
) -> None:
    from tests.web.test_admin import later

    id = let(bela, asha, "asha@example.org", last_day="2026-11-20")
    later(small_house, 13 * 60)
    assert len(family(asha)["data"]) == 2
    later(small_house, 60)
    assert len(family(asha)["data"]) == 1
    assert asha.post(f"/api/v1/family/grants/{id}/leave").status_code in (204, 422)
    again = let(bela, asha, "asha@example.org")
    assert asha.post(f"/api/v1/family/grants/{again}/leave").status_code == 204
    assert len(family(asha)["data"]) == 1


def test_another_is_told_of_the_end_and_of_nothing_else(
    small_house: House, asha: TestClient, bela: TestClient
) -> None:
    """Of the owner's changes no event reaches the grantee: her page asks, and is told what holds then."""
    heard = []
    id = let(bela, asha, "asha@example.org")
    publish = small_house.bus.publish
    small_house.bus.publish = lambda event: (heard.append(event), publish(event))[1]  # type: ignore[method-assign,func-returns-value]
    connect_broker(small_house, bela)
    bela.delete(f"/api/v1/family/grants/{id}")
    mine = [event for event in heard if event.owner == person(asha)]
    assert [event.topic for event in mine] == ["grants", "notices"]
    assert [event for event in heard if event.owner == person(bela)]


def told(client: TestClient) -> list[dict[str, Any]]:
    """What the bell has for this person, newest first."""
    rows: list[dict[str, Any]] = client.get("/api/v1/notices").json()["data"]
    return rows


def test_each_step_is_told_to_the_other_side_once(
    asha: TestClient, bela: TestClient, dev: TestClient
) -> None:
    id = let(bela, asha, "asha@example.org")
    assert [row["title"] for row in told(asha)] == ["Bela offers to share with you"]
    assert [row["title"] for row in told(bela)] == ["Asha has accepted what you share"]
    assert bela.delete(f"/api/v1/family/grants/{id}").status_code == 204
    assert bela.delete(f"/api/v1/family/grants/{id}").status_code == 422
    again = let(bela, asha, "asha@example.org")
    asha.post(f"/api/v1/family/grants/{again}/leave")
    declined = bela.post(
        "/api/v1/family/grants", json={"email": "asha@example.org", "amounts": "shown"}
    ).json()["id"]
    asha.post(f"/api/v1/family/grants/{declined}/leave")
    withdrawn = bela.post(
        "/api/v1/family/grants", json={"email": "asha@example.org", "amounts": "shown"}
    ).json()["id"]
    bela.post(f"/family/grants/{withdrawn}/revoke")
    assert [row["title"] for row in told(asha)] == [
        "Bela has withdrawn an offer", "Bela offers to share with you", "Bela offers to share with you",
        "Bela offers to share with you", "Bela no longer shares with you", "Bela offers to share with you",
    ]  # fmt: skip
    assert [row["title"] for row in told(bela)] == [
        "Asha has declined what you offered", "Asha has given up what you shared",
        "Asha has accepted what you share", "Asha has accepted what you share",
    ]  # fmt: skip
    assert {row["link"] for row in told(asha) + told(bela)} == {"/family"}
    assert told(dev) == []


def test_the_activity_of_the_other_side_says_what_it_was_and_no_number(
    asha: TestClient, dev: TestClient
) -> None:
    """The owner's part has the number of her portfolio, the other's has none; declining is not giving up."""
    portfolio = int(dev.get("/api/v1/portfolios").json()["data"][0]["id"])
    wish = {"email": "asha@example.org", "portfolio_id": portfolio}
    id = dev.post("/api/v1/family/grants", json=wish).json()["id"]
    theirs, hers = (client.get("/api/v1/activity").json()["data"][0] for client in (asha, dev))
    assert theirs["action"] == hers["action"] == "grant.offered"
    assert hers["details"]["portfolio"] == portfolio
    assert "portfolio" not in theirs["details"]
    assert theirs["details"]["what"] == "one portfolio"
    asha.post(f"/api/v1/family/grants/{id}/leave")
    assert asha.get("/api/v1/activity").json()["data"][0]["action"] == "grant.declined"


def test_a_notice_names_no_portfolio(asha: TestClient, dev: TestClient) -> None:
    """Its name is seen by leave alone, and leave ends; a notice stays."""
    other = dev.post("/api/v1/portfolios", json={"name": "Devs attic"}).json()["id"]
    let(dev, asha, "asha@example.org", portfolio_id=other)
    (row,) = told(asha)
    assert "one portfolio" in row["text"]
    assert "attic" not in str(row)


def test_the_overview_leads_to_the_family_while_anyone_may_be_seen(asha: TestClient, dev: TestClient) -> None:
    def leads(client: TestClient) -> bool:
        page = client.get("/dashboard", headers=BROWSER).text
        return 'aria-label="Whose books"' in page

    offered = dev.post(
        "/api/v1/family/grants", json={"email": "asha@example.org", "amounts": "shown"}
    ).json()["id"]
    assert not leads(asha)
    asha.post(f"/api/v1/family/grants/{offered}/accept")
    assert leads(asha)
    assert not leads(dev), "she gives, and sees nobody"
    dev.delete(f"/api/v1/family/grants/{offered}")
    assert not leads(asha)


def test_without_the_check_another_would_be_seen(
    small_house: House, asha: TestClient, bela: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutation: were every offer as good as an accepted one, the tests above would see Bela's books."""
    bela.post("/api/v1/family/grants", json={"email": "asha@example.org", "amounts": "shown"})
    assert len(family(asha)["data"]) == 1
    monkeypatch.setattr(rows, "in_force", rows.received)
    assert len(family(asha)["data"]) == 2


SOURCE = Path(str(tunefolio.__file__)).parent


def test_one_place_alone_looks_with_anothers_eyes() -> None:
    """A Viewer is made where a person is read, by the gates of grants and of public links, by the house for
    the owners of its work; only the family view opens what the gate of grants gives, and only the two show
    a portfolio to others."""
    makers, openers, showers = set(), set(), set()
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text("utf-8")
        name = path.relative_to(SOURCE).as_posix()
        calls = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        if any(isinstance(called, ast.Name) and called.id == "Viewer" for called in calls):
            makers.add(name)
        if re.search(r"\bviewers_of\(|\bgrants\.opened\(", text) and name != "services/grants.py":
            openers.add(name)
        if re.search(r"(?<!def )\bshared_book\(", text):
            showers.add(name)
    assert openers == {"services/family.py"}
    assert showers == {"services/family.py", "services/shared_links.py"}
    assert "services/grants.py" in makers
    assert not {name for name in makers if name.startswith("web/")}


def test_the_gate_gives_readers_of_grants_in_force_only(
    small_house: House, asha: TestClient, bela: TestClient
) -> None:
    let(bela, asha, "asha@example.org")
    with small_house.database.reading() as db:
        (granted,) = gate.viewers_of(db, small_house, Viewer(PersonId(person(asha))))
        assert granted.viewer.role.value == "reader"
        assert granted.owner.id == person(bela)
        assert gate.viewers_of(db, small_house, Viewer(PersonId(person(bela)))) == ()
