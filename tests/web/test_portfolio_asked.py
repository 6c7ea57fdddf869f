"""?portfolio= of another, or of none, is not found wherever it is asked: no way tells something else."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.house.test_routes import BROWSER
from tests.web.houses import join, visitor
from tunefolio.services.house import House

pytestmark = pytest.mark.usefixtures("built_assets")
WAYS = (
    "/api/portfolio/holdings", "/api/v1/allocation", "/api/v1/transactions", "/api/v1/accounts",
    "/api/v1/value-curve", "/api/snapshots/latest",
    "/dashboard", "/holdings", "/allocation", "/breaks", "/actions",
)  # fmt: skip


def test_anothers_portfolio_is_equally_not_found(small_house: House, asha: TestClient) -> None:
    bela = join(visitor(small_house), "bela@example.org", "Bela")
    theirs = bela.post("/api/v1/portfolios", json={"name": "Hers"}).json()["id"]
    own = asha.post("/api/v1/portfolios", json={"name": "Mine"}).json()["id"]
    answers = {
        (path, id): asha.get(path, params={"portfolio": id}, headers={} if "/api/" in path else BROWSER)
        for path in WAYS
        for id in (theirs, 99_999, own)
    }
    found = {key: answer.status_code for key, answer in answers.items()}
    assert {key: s for key, s in found.items() if key[1] == own and s != 200} == {}, found
    assert {key for key, status in found.items() if key[1] != own and status != 404} == set(), found
