"""A person's activity: whole sentences about what she did, where it led, and nobody else's."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.acts import acts_of
from tests.web.houses import PASSWORD, join, opened, visitor, work
from tunefolio.bootstrap import adapters
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import FixedClock
from tunefolio.services import audit, export_person
from tunefolio.services.acts import Act
from tunefolio.services.house import House
from tunefolio.store.audit import Place

pytestmark = pytest.mark.one_is_enough
HTML = {"accept": "text/html"}
TRADES = (
    "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id\n"
)


@pytest.fixture
def house(sqlite_url: str) -> Iterator[House]:
    adapters.load()
    with opened(sqlite_url) as made:
        yield made


@pytest.fixture
def asha(house: House) -> TestClient:
    """The first, so admin."""
    return join(visitor(house), "asha@example.org", "Asha")


@pytest.fixture
def bela(house: House, asha: TestClient) -> TestClient:
    return join(visitor(house), "bela@example.org", "Bela")


def viewer_of(client: TestClient) -> Viewer:
    return Viewer(PersonId(client.get("/api/v1/session").json()["person"]["id"]))


def shelf(client: TestClient, name: str = "Long term") -> int:
    return int(client.post("/api/v1/portfolios", json={"name": name}).json()["id"])


def told(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/activity", params=query)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


def page(client: TestClient, query: str = "") -> str:
    answer = client.get(f"/activity{query}", headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_sentence_says_what_was_and_what_is_and_leads_there(bela: TestClient) -> None:
    made = shelf(bela)
    bela.post(f"/portfolios/{made}/rename", data={"name": "Core"})
    text = page(bela)
    renamed = (
        rf'Renamed portfolio <span [^>]*><del>Long term</del> → <a href="/portfolios#p-{made}"><ins>Core'
    )
    assert re.search(renamed, text)
    assert '<a href="/activity" aria-current="page">Activity</a>' in text
    assert bela.request("DELETE", f"/api/v1/portfolios/{made}", params={"confirm_name": "Core"}).is_success
    assert f"#p-{made}" not in page(bela), "what is gone is not led to"
    assert "Deleted portfolio <b" in page(bela)


def test_programs_read_it_by_group_and_by_days_page_by_page(house: House, bela: TestClient) -> None:
    made = shelf(bela)
    bela.post("/watchlists", data={"name": "Ideas"})
    bela.post(f"/portfolios/{made}/rename", data={"name": "Core"})
    assert [row["action"] for row in told(bela, group="portfolio")] == ["portfolio.renamed", "portfolio.made"]
    first = told(bela, group="portfolio")[0]
    assert (first["words"], first["subject"]) == ("Renamed portfolio", f"portfolio:{made}")
    assert first["details"] == {"before": "Long term", "after": "Core"}
    assert (first["actor_id"], first["person_id"], first["address"]) == (2, 2, "testclient")
    today = first["at"][:10]
    assert len(told(bela, since=today, until=today)) == len(told(bela)) == 3
    assert told(bela, since="2030-01-01") == told(bela, until="2020-01-01") == []
    body = bela.get("/api/v1/activity", params={"limit": 2}).json()
    rest = bela.get("/api/v1/activity", params={"limit": 2, "cursor": body["next"]}).json()
    assert [row["id"] for row in (*body["data"], *rest["data"])] == [row["id"] for row in told(bela)]
    for wrong in ({"group": "dance"}, {"since": "yesterday"}):
        assert bela.get("/api/v1/activity", params=wrong).status_code == 422
        assert bela.get("/activity", params=wrong, headers=HTML).status_code == 422


def test_the_pages_filters_narrow_and_stay(bela: TestClient) -> None:
    shelf(bela)
    bela.post("/watchlists", data={"name": "Ideas"})
    only = page(bela, "?group=watchlist.")
    assert "Made watchlist" in only
    assert "Made portfolio" not in only
    assert '<option value="watchlist." selected>' in only
    assert "in those days" in page(bela, "?since=2030-01-01")


def test_the_day_is_that_of_india(house: House, bela: TestClient) -> None:
    """Seven in the evening in London is past midnight in India."""
    clock = house.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(hours=13, minutes=45))
    shelf(bela)
    assert "Saturday, 21 November 2026" in page(bela)
    assert [row["action"] for row in told(bela, since="2026-11-21")] == ["portfolio.made"]


def test_she_sees_what_an_admin_did_to_her_and_who_reads_by_leave_sees_nothing(
    house: House, asha: TestClient, bela: TestClient
) -> None:
    friend = join(visitor(house), "dev@example.org", "Dev")
    shelf(bela, "Belas shelf")
    offered = bela.post("/api/v1/family/grants", json={"email": "dev@example.org"}).json()["id"]
    assert friend.post(f"/api/v1/family/grants/{offered}/accept").status_code == 204
    asha.put(f"/api/v1/admin/persons/{viewer_of(bela).person}/role", json={"role": "reader"})
    hers = page(bela)
    assert "Changed the role" in hers
    assert "by <b>Asha, an admin</b>, about you" in hers
    assert "to Dev" in hers
    theirs = page(friend) + str(told(friend))
    assert "Belas shelf" not in theirs
    assert "portfolio.made" not in theirs


def test_where_another_was_is_told_to_admins_alone(house: House, asha: TestClient, bela: TestClient) -> None:
    """An offer that is merely declined tells a stranger nothing of the other's network and browser."""
    nosy = join(visitor(house), "nosy@example.org", "Nosy")
    bela.headers["user-agent"] = "Belas own telephone"
    offered = nosy.post("/api/v1/family/grants", json={"email": "bela@example.org"}).json()["id"]
    assert bela.post(f"/api/v1/family/grants/{offered}/leave").status_code == 204
    seen = told(nosy, group="grant")
    assert [(row["actor_id"], row["address"], row["device"]) for row in seen] == [
        (2, None, None), (3, "testclient", nosy.headers["user-agent"]),
    ]  # fmt: skip
    assert "Belas own telephone" not in page(nosy)
    assert {row["address"] for row in told(bela, group="grant")} == {None, "testclient"}
    rows = asha.get("/api/v1/admin/audit", params={"action": "grant.", "person": 2}).json()["data"]
    assert {row["device"] for row in rows} == {"Belas own telephone"}
    file = io.BytesIO()
    with house.database.reading() as db:
        export_person.write_zip(db, viewer_of(nosy), file, house.clock.now())
    with zipfile.ZipFile(file) as archive:
        for name in ("csv/audit.csv", "json/audit.json"):
            kept = archive.read(name).decode()
            assert seen[0]["action"] in kept
            assert "Belas own telephone" not in kept
            assert nosy.headers["user-agent"] in kept


def test_an_admin_sees_that_it_was_done_and_not_what_it_was_about(asha: TestClient, bela: TestClient) -> None:
    made = shelf(bela, "Belas secret shelf")
    rows = asha.get("/api/v1/admin/audit", params={"action": "portfolio."}).json()["data"]
    assert [(row["subject"], row["actor_id"], row["details"]) for row in rows] == [
        (f"portfolio:{made}", 2, {})
    ]
    assert "secret" not in asha.get("/admin/audit", headers=HTML).text
    shelf(asha, "My own")
    assert "My own" in asha.get("/admin/audit", headers=HTML).text


def test_her_own_things_are_called_by_name_and_what_is_gone_by_its_number(
    asha: TestClient, bela: TestClient
) -> None:
    """The log keeps the number alone: a public link and a look at books are told to admins too."""
    core, spare = shelf(bela, "Core"), shelf(bela, "Spare")
    assert bela.post("/api/v1/proof", json={"password": PASSWORD}).is_success
    for one in (core, spare):
        link = {"portfolio_id": one, "title": f"For the bank {one}"}
        assert bela.post("/api/v1/family/links", json=link).status_code == 201
    offer = {"email": "asha@example.org", "portfolio_id": core}
    assert bela.post("/api/v1/family/grants", json=offer).status_code == 201
    text = page(bela, "?group=grant.")
    assert f'Made public link <b class="wrap">For the bank {core}</b>' in text
    assert text.count("portfolio Core") == 2, "of the link, and of the offer"
    assert "portfolio Spare" in text
    path = f"/api/v1/portfolios/{spare}"
    assert bela.request("DELETE", path, params={"confirm_name": "Spare"}).is_success
    text = page(bela, "?group=grant.")
    assert f"portfolio {spare}" in text
    assert "Spare" not in text
    for theirs in (page(asha), asha.get("/admin/audit", headers=HTML).text):
        assert "Offered a look at books" in theirs
        assert "Core" not in theirs
        assert "bank" not in theirs
    assert "Core" not in str(told(asha))


def test_a_file_of_many_lines_is_one_entry(house: House, bela: TestClient) -> None:
    account = bela.post("/api/v1/accounts", json={"portfolio_id": shelf(bela), "name": "Demat"}).json()["id"]
    rows = "".join(
        f"INFY,INE009A01021,2024-04-{1 + number % 28:02},NSE,EQ,EQ,buy,false,1,1500,t{number},1\n"
        for number in range(300)
    )
    sent = {"file": ("trades.csv", (TRADES + rows).encode())}
    digest = bela.post(f"/api/v1/accounts/{account}/imports/preview", files=sent).json()["sha256"]
    before = len(told(bela))
    assert bela.post(f"/api/v1/accounts/{account}/imports", json={"sha256": digest}).status_code == 201
    (entry,) = told(bela)[: len(told(bela)) - before]
    assert (entry["action"], entry["details"]["name"], entry["details"]["transactions"]) == (
        "import.done", "trades.csv", 300,
    )  # fmt: skip


def test_what_a_job_does_for_her_stands_there_as_the_houses_work(house: House, bela: TestClient) -> None:
    account = bela.post("/api/v1/accounts", json={"portfolio_id": shelf(bela), "name": "Demat"}).json()["id"]
    row = "INFY,INE009A01021,2024-04-01,NSE,EQ,EQ,buy,false,1,1500,t1,1\n"
    sent = {"file": ("trades.csv", (TRADES + row).encode())}
    digest = bela.post(f"/api/v1/accounts/{account}/imports/preview", files=sent).json()["sha256"]
    form = {"account": account, "sha256": digest, "total": 5_000}
    assert bela.post("/imports", data=form, headers=HTML).status_code in (200, 303)
    work(house)
    done, asked = told(bela)[:2]
    assert (asked["action"], asked["address"]) == ("import.asked", "testclient")
    assert (done["action"], done["device"], done["address"]) == ("import.done", audit.AT_WORK.device, None)
    assert done["actor_id"] == viewer_of(bela).person
    assert page(bela).count("by <b>the house, for you</b>") == 1


def test_a_part_of_a_greater_deed_leaves_nothing_and_secrets_never_go_in(
    house: House, bela: TestClient
) -> None:
    her = viewer_of(bela)
    with house.database.writing() as db:
        with audit.as_one():
            assert audit.note(db, house, her, Act.LIST_MADE) is None
        audit.note(db, house, her, Act.BOOK_READ, details={"name": "book.txt"})
        with pytest.raises(TypeError, match="plain values"):
            audit.note(db, house, her, Act.APP_KEPT, details={"secret": Secret("x")})
    assert acts_of(house, her)[:1] == [Act.BOOK_READ]
    assert Act.LIST_MADE not in acts_of(house, her)


def test_what_the_operator_does_in_her_name_is_the_operators_deed(house: House, bela: TestClient) -> None:
    her = viewer_of(bela)
    with house.database.writing() as db, audit.done_from(audit.AT_CONSOLE):
        audit.note(db, house, her, Act.PORTFOLIO_MADE, "portfolio:1", {"name": "By hand"})
    (entry,) = told(bela, group="portfolio")
    assert (entry["person_id"], entry["actor_id"], entry["device"]) == (
        her.person, None, "the operator's command line",
    )  # fmt: skip
    assert "by <b>the operator</b>, about you" in page(bela)
    with house.database.writing() as db:
        audit.note(db, house, her, Act.LIST_MADE)
    with house.database.reading() as db:
        assert audit.mine(db, her, None, 1)[0].place == Place(), "the place ends with the command"


def test_pairs_tell_only_what_differs() -> None:
    assert audit.differing({"a": 1, "b": "x", "c": None}, {"a": 1, "b": "y", "d": ""}) == {
        "b_before": "x",
        "b_after": "y",
    }
