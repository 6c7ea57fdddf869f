"""A taxpayer's permanent account number: kept sealed, shown masked, one's own, in no log."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from tests.web.houses import join, visitor
from tests.web.test_pages import HTML, text_of
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import TaxpayerId
from tunefolio.core.people import Caretaker
from tunefolio.services import tax_pan
from tunefolio.services.house import House
from tunefolio.store.tables import audit, taxpayers
from tunefolio.store.taxpayers import KeptTaxpayer
from tunefolio.store.vault import Vault, new_key, rotate

pytestmark = pytest.mark.usefixtures("built_assets")
MINE, OTHER, FAMILY, FIRM = "BNZPM2501F", "AAAPZ9876Q", "AAAHZ9876Q", "AAAFZ9876Q"
YEAR_OF_A_SENIOR = {"regime": "old", "age": "senior"}


def put(client: TestClient, id: int, name: str = "Asha", **more: str) -> Any:
    return client.put(f"/api/v1/tax/taxpayers/{id}", json={"name": name, **more})


def listed(client: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/v1/tax/taxpayers").json()["data"]
    return found


def sealed_of(house: House) -> list[bytes | None]:
    with house.database.reading() as db:
        return list(db.execute(select(taxpayers.c.pan).order_by(taxpayers.c.id)).scalars())


def test_a_number_is_sealed_masked_replaced_and_forgotten(small_house: House, asha: TestClient) -> None:
    assert (listed(asha)[0]["pan"], listed(asha)[0]["status"]) == (None, None)
    kept = put(asha, 0, pan="bnzpm 2501f")
    assert (kept.json()["pan"], kept.json()["status"]) == ("BNXXXXXX1F", "individual")
    (sealed,) = sealed_of(small_house)
    assert sealed is not None
    assert MINE.encode() not in sealed
    id = kept.json()["id"]
    assert put(asha, id, "Asha R").json()["pan"] == "BNXXXXXX1F"
    assert put(asha, id, pan=OTHER).json()["pan"] == "AAXXXXXX6Q"
    assert put(asha, id, pan="").json()["pan"] is None
    assert sealed_of(small_house) == [None]


def test_a_number_is_one_taxpayers_of_an_owner_and_no_firms(small_house: House, asha: TestClient) -> None:
    assert put(asha, 0, pan=MINE).status_code == 200
    family = asha.post("/api/v1/tax/taxpayers", json={"name": "Family", "pan": FAMILY})
    assert (family.status_code, family.json()["status"]) == (201, "hindu_undivided_family")
    for wrong in (MINE, FIRM, "BNZPM25012", "nonsense", "X" * 21):
        refused = put(asha, family.json()["id"], "Family", pan=wrong)
        assert refused.status_code == 422, wrong
        assert refused.json()["errors"][0]["field"] == "pan"
        assert wrong not in refused.text
    assert listed(asha)[1]["pan"] == "AAXXXXXX6Q"
    bela = join(visitor(small_house), "bela@example.org", "Bela")
    assert put(bela, 0, "Bela", pan=MINE).status_code == 200
    assert put(bela, family.json()["id"], "Family", pan=OTHER).status_code == 404
    gone = {"taxpayer": family.json()["id"], "year": "2024-25"}
    assert bela.post("/tax/told/taxpayer/forget-pan", data=gone, headers=HTML).status_code == 404


def test_a_taxpayer_that_is_refused_is_not_half_kept(asha: TestClient) -> None:
    assert asha.post("/api/v1/tax/taxpayers", json={"name": "Firm", "pan": FIRM}).status_code == 422
    assert [one["name"] for one in listed(asha)] == ["Asha"]


def test_a_family_has_no_age(asha: TestClient) -> None:
    family = asha.post("/api/v1/tax/taxpayers", json={"name": "Family", "pan": FAMILY}).json()["id"]
    years = f"/api/v1/tax/taxpayers/{family}/years/2024-25"
    refused = asha.put(years, json=YEAR_OF_A_SENIOR)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "age"
    assert asha.put(years, json={"regime": "old"}).status_code == 204
    mine = listed(asha)[0]["id"]
    assert asha.put(f"/api/v1/tax/taxpayers/{mine}/years/2024-25", json=YEAR_OF_A_SENIOR).status_code == 204
    assert put(asha, mine, pan="AAAHY1234Z").status_code == 422


def test_the_form_takes_masks_and_forgets_it(asha: TestClient) -> None:
    fields = {"taxpayer": "0", "name": "Asha", "residency": "resident", "year": "2024-25"}
    kept = asha.post("/tax/told/taxpayer", data=fields | {"pan": MINE}, headers=HTML)
    assert kept.status_code == 303
    page = text_of(asha, kept.headers["location"])
    assert "BNXXXXXX1F" in page
    assert MINE not in page
    id = str(listed(asha)[0]["id"])
    again = asha.post("/tax/told/taxpayer", data=fields | {"taxpayer": id, "pan": ""}, headers=HTML)
    assert again.status_code == 303
    assert listed(asha)[0]["pan"] == "BNXXXXXX1F"
    refused = asha.post("/tax/told/taxpayer", data=fields | {"taxpayer": id, "pan": FIRM}, headers=HTML)
    assert refused.status_code == 422
    assert FIRM not in refused.text
    gone = {"taxpayer": id, "year": "2024-25"}
    assert asha.post("/tax/told/taxpayer/forget-pan", data=gone, headers=HTML).status_code == 303
    assert listed(asha)[0]["pan"] is None


def test_the_log_tells_that_and_never_which(
    small_house: House, asha: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    id = put(asha, 0, pan=MINE).json()["id"]
    put(asha, id, pan=MINE)
    put(asha, id, pan=FIRM)
    put(asha, id, pan="")
    with small_house.database.reading() as db:
        rows = db.execute(select(audit).where(audit.c.action.like("taxpayer.%")).order_by(audit.c.id)).all()
    assert [row.action for row in rows] == ["taxpayer.pan_kept", "taxpayer.pan_forgotten"]
    assert {row.subject for row in rows} == {f"taxpayer:{id}"}
    for number in (MINE, FIRM):
        assert number not in str(rows)
        assert number not in caplog.text


def test_a_new_key_of_the_vault_seals_it_again(small_house: House, asha: TestClient) -> None:
    id = put(asha, 0, pan=MINE).json()["id"]
    (before,) = sealed_of(small_house)
    fresh = new_key()
    with small_house.database.writing() as db:
        assert rotate(db, Caretaker("rotate"), small_house.vault, fresh) == 1
    (after,) = sealed_of(small_house)
    assert after != before
    assert after is not None
    opened = Vault(small_house.vault.keys.with_new(fresh)).open(after, "taxpayers", id, "pan")
    assert opened.reveal() == MINE


def test_a_number_moved_to_another_row_does_not_open(small_house: House, asha: TestClient) -> None:
    kept = put(asha, 0, pan=MINE).json()
    (sealed,) = sealed_of(small_house)
    with small_house.database.reading() as db:
        row = db.execute(select(taxpayers)).one()
    own = KeptTaxpayer(TaxpayerId(kept["id"]), row.name, row.residency, sealed)
    found = tax_pan.pan_of(small_house, own)
    assert found is not None
    assert found.number.reveal() == MINE
    assert MINE not in repr(own)
    with pytest.raises(Misuse, match="changed, or belongs elsewhere"):
        tax_pan.pan_of(small_house, KeptTaxpayer(TaxpayerId(kept["id"] + 1), "", row.residency, sealed))
