"""Signing in to the API: what access tokens open, what is refused, and what a copied refresh token costs."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import jwt
import pyotp
import pytest
from jwt.warnings import InsecureKeyLengthWarning
from starlette.testclient import TestClient

from tests.web.houses import ADDRESS, FRIDAY, PASSWORD, app_of, house_at, join, visitor
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import FixedClock, Instant, SystemClock
from tunefolio.services import access, audit, factors, identity, renewals
from tunefolio.services.access import ALGORITHM, AUDIENCE, TYPE, TokenRefused
from tunefolio.services.house import House
from tunefolio.services.renewals import Pair
from tunefolio.services.signing import SigningKeys
from tunefolio.store import notices, persons, refresh_tokens, sessions, signing_keys
from tunefolio.store.audit import Place
from tunefolio.store.vault import KeyRing, Vault
from tunefolio.web.security import REFRESH_COOKIE

HERE = Place("192.0.2.1", "a program")
WISH = {"email": "asha@example.org", "password": PASSWORD}
ME = "/api/v1/session"
BOOKS = "/api/v1/portfolios"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(FRIDAY)


@pytest.fixture
def house(url: str, clock: FixedClock) -> Iterator[House]:
    """On each database in turn, with a clock that the test turns. Asha lives there."""
    made = house_at(url, clock=clock)
    join(visitor(made), "asha@example.org", "Asha")
    yield made
    made.bus.close()
    made.fanout.close()
    made.database.close()


@pytest.fixture
def program(house: House) -> TestClient:
    """Something without a browser's cookie."""
    return visitor(house)


def logged_in(program: TestClient) -> str:
    """The access token; the cookie that renews it stays in the program's jar."""
    answer = program.post("/auth/login", json=WISH)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def bearing(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def refused(program: TestClient, token: str) -> str:
    """What is said to a token that must open nothing; in the form every program can read."""
    answer = program.get(BOOKS, headers=bearing(token))
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    body = answer.json()
    assert body["type"].endswith("#token-refused")
    assert token not in answer.text
    return str(body["detail"])


def pair_of(house: House) -> Pair:
    return renewals.log_in(house, "asha@example.org", Secret(PASSWORD), HERE)


def asha(house: House) -> Viewer:
    with house.database.reading() as db:
        found = persons.find_by_email(db, "asha@example.org")
    assert found is not None
    return found[0].viewer


def claims_of(house: House, **others: Any) -> dict[str, Any]:
    """Of a good token for the sign-in that stands, but for what the test makes wrong; None leaves one out."""
    pair = pair_of(house)
    said: dict[str, Any] = jwt.decode(pair.access.token.reveal(), options={"verify_signature": False})
    return {name: value for name, value in (said | others).items() if value is not None}


def forged(house: House, claims: dict[str, Any], **header: Any) -> str:
    """Signed with the house's own key, as only a fault in the house could make it."""
    with house.database.writing() as db:
        key = house.signing.to_sign(db, house.vault, house.clock.now(), timedelta(hours=1))
    said = {"kid": key.kid, "typ": TYPE} | header
    given = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(claims, key.secret, ALGORITHM, headers=given)


def test_a_login_opens_the_books_until_it_ends(program: TestClient, house: House) -> None:
    answer = program.post("/auth/login", json=WISH)
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 3600
    assert body["person"]["email"] == "asha@example.org"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{REFRESH_COOKIE}=")
    for part in ("HttpOnly", "Path=/auth;", "SameSite=strict", "Secure"):
        assert part in cookie
    token = body["access_token"]
    assert program.get(BOOKS, headers=bearing(token)).status_code == 200
    assert program.get(BOOKS).status_code == 401
    made = program.post(BOOKS, json={"name": "by a program"}, headers=bearing(token))
    assert made.status_code == 201
    assert program.get(ME, headers=bearing(token)).json()["person"]["name"] == "Asha"
    devices = program.get("/api/v1/sessions", headers=bearing(token)).json()["data"]
    assert [one["is_current"] for one in devices].count(True) == 1


def test_the_token_says_what_it_must(program: TestClient, house: House) -> None:
    token = logged_in(program)
    assert jwt.get_unverified_header(token) | {"kid": ""} == {"alg": "HS256", "typ": TYPE, "kid": ""}
    said = jwt.decode(token, options={"verify_signature": False})
    now = int(FRIDAY.utc.timestamp())
    assert (said["iss"], said["aud"]) == (house.rules.public_url, AUDIENCE)
    assert (said["iat"], said["nbf"], said["exp"]) == (now, now, now + 3600)
    assert said["sub"] == str(asha(house).person)
    other = jwt.decode(logged_in(program), options={"verify_signature": False})
    assert said["jti"] != other["jti"]


def test_below_api_v1_it_is_the_same_with_a_cookie_of_its_own(program: TestClient) -> None:
    answer = program.post("/api/v1/auth/login", json=WISH)
    assert "Path=/api/v1/auth;" in answer.headers["set-cookie"]
    assert program.post("/auth/refresh").status_code == 401
    assert program.post("/api/v1/auth/refresh").status_code == 200
    assert program.post("/api/v1/auth/logout").status_code == 204
    assert program.post("/api/v1/auth/refresh").status_code == 401


def test_wrong_credentials_open_nothing(program: TestClient) -> None:
    for wish in (WISH | {"password": "wrong"}, WISH | {"email": "nobody@example.org"}):
        answer = program.post("/auth/login", json=wish)
        assert answer.status_code == 401
        assert answer.json()["type"].endswith("#credentials")
        assert "set-cookie" not in answer.headers


def test_a_login_from_another_sites_page_is_refused(program: TestClient) -> None:
    answer = program.post("/auth/login", json=WISH, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_no_cookie_counts_beside_a_bearer_token(house: House) -> None:
    browser = visitor(house)
    browser.post(ME, json=WISH)
    assert browser.get(BOOKS).status_code == 200
    assert browser.get(BOOKS, headers=bearing("nonsense")).status_code == 401
    other = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert browser.post(BOOKS, json={"name": "x"}, headers=other).status_code == 403
    assert browser.post(BOOKS, json={"name": "x"}, headers=other | bearing("nonsense")).status_code == 401


def test_an_unsigned_token_is_refused(program: TestClient, house: House) -> None:
    header = {"alg": "none", "typ": TYPE, "kid": jwt.get_unverified_header(logged_in(program))["kid"]}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (header, claims_of(house))
    ]
    assert "no token of this house" in refused(program, f"{parts[0]}.{parts[1]}.")
    upper = base64.urlsafe_b64encode(json.dumps(header | {"alg": "NONE"}).encode()).rstrip(b"=").decode()
    assert "no token of this house" in refused(program, f"{upper}.{parts[1]}.")


def test_a_tampered_token_is_refused(program: TestClient) -> None:
    head, body, sign = logged_in(program).split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    other = base64.urlsafe_b64encode(json.dumps(said | {"sub": "2"}).encode()).rstrip(b"=").decode()
    assert "no token of this house" in refused(program, f"{head}.{other}.{sign}")
    flipped = sign[:-4] + ("AAAA" if sign[-4:] != "AAAA" else "BBBB")
    assert "no token of this house" in refused(program, f"{head}.{body}.{flipped}")


@pytest.mark.parametrize("text", ["a", "a.b.c", "…", "." * 50, "x" * 5_000, "null", "tf_pat_short"])
def test_what_is_no_token_is_refused(program: TestClient, text: str) -> None:
    answer = program.get(BOOKS, headers={b"authorization": b"Bearer " + text.encode()})
    assert answer.status_code == 401


def test_a_token_for_another_place_is_refused(program: TestClient, house: House) -> None:
    assert "another place" in refused(program, forged(house, claims_of(house, aud="elsewhere")))
    assert "another place" in refused(program, forged(house, claims_of(house, iss="https://elsewhere")))


def test_a_token_of_an_unknown_key_or_kind_is_refused(program: TestClient, house: House) -> None:
    claims = claims_of(house)
    assert "no key" in refused(program, forged(house, claims, kid="0" * 16))
    assert "no key" in refused(program, forged(house, claims, typ="JWT"))
    assert "no key" in refused(program, forged(house, claims, kid=None))
    stolen_name = jwt.encode(claims, b"k" * 32, ALGORITHM, headers={"kid": key_id(house), "typ": TYPE})
    assert "no token of this house" in refused(program, stolen_name)
    with pytest.warns(InsecureKeyLengthWarning):
        longer = jwt.encode(claims, house_key(house), "HS512", headers={"kid": key_id(house), "typ": TYPE})
    assert "no token of this house" in refused(program, longer)


def house_key(house: House) -> bytes:
    with house.database.writing() as db:
        return house.signing.to_sign(db, house.vault, house.clock.now(), timedelta(hours=1)).secret


def key_id(house: House) -> str:
    with house.database.reading() as db:
        return signing_keys.believed(db, house.clock.now())[0].kid


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti"])
def test_a_token_that_lacks_a_claim_is_refused(program: TestClient, house: House, name: str) -> None:
    assert refused(program, forged(house, claims_of(house, **{name: None})))


@pytest.mark.parametrize(
    ("name", "value"),
    [("sub", "1 or 1=1"), ("sub", "9" * 30), ("sid", "-1"), ("sid", "٣"), ("exp", 2**60), ("exp", "later")],
)
def test_a_token_with_odd_claims_is_refused(
    program: TestClient, house: House, name: str, value: object
) -> None:
    assert "no token of this house" in refused(program, forged(house, claims_of(house) | {name: value}))


def test_another_persons_sign_in_is_not_opened_by_it(program: TestClient, house: House) -> None:
    join(visitor(house), "bela@example.org", "Bela")
    bela = renewals.log_in(house, "bela@example.org", Secret(PASSWORD), HERE)
    said = jwt.decode(bela.access.token.reveal(), options={"verify_signature": False})
    mixed = forged(house, claims_of(house, sid=said["sid"]))
    assert "sign-in has ended" in refused(program, mixed)


def test_clocks_may_differ_by_half_a_minute(program: TestClient, house: House, clock: FixedClock) -> None:
    token = logged_in(program)
    for seconds, opens in ((-31, False), (-30, True), (3_600 + 29, True), (3_600 + 30, False)):
        clock.set(FRIDAY + timedelta(seconds=seconds))
        assert (program.get(BOOKS, headers=bearing(token)).status_code == 200) is opens, seconds
    assert "expired" in refused(program, token)
    clock.set(FRIDAY - timedelta(minutes=5))
    assert "not good yet" in refused(program, token)


def test_signing_out_ends_it_at_once(program: TestClient, house: House) -> None:
    token = logged_in(program)
    cookie = program.cookies[REFRESH_COOKIE]
    assert program.post("/auth/logout").status_code == 204
    assert "sign-in has ended" in refused(program, token)
    program.cookies.set(REFRESH_COOKIE, cookie, domain="testserver.local", path="/auth")
    assert program.post("/auth/refresh").status_code == 401
    assert program.post("/auth/logout").status_code == 204


def test_an_access_token_alone_signs_out_too(program: TestClient) -> None:
    token = logged_in(program)
    program.cookies.clear()
    assert program.post("/auth/logout", headers=bearing(token)).status_code == 204
    assert "sign-in has ended" in refused(program, token)


def test_a_person_shut_out_is_out_at_once(program: TestClient, house: House) -> None:
    join(visitor(house), "bela@example.org", "Bela")
    bela = program.post("/auth/login", json=WISH | {"email": "bela@example.org"}).json()
    admin = asha(house)
    with house.database.writing() as db:
        identity.disable(db, house, admin, PersonId(bela["person"]["id"]))
    assert "sign-in has ended" in refused(program, bela["access_token"])
    assert program.post("/auth/refresh").status_code == 401


def test_each_renewal_gives_the_next_pair(program: TestClient, clock: FixedClock) -> None:
    token = logged_in(program)
    seen = {program.cookies[REFRESH_COOKIE]}
    for hours in (1, 2, 3):
        clock.set(FRIDAY + timedelta(minutes=62 * hours))
        assert "expired" in refused(program, token)
        answer = program.post("/auth/refresh")
        assert answer.status_code == 200
        token = answer.json()["access_token"]
        seen.add(program.cookies[REFRESH_COOKIE])
        assert program.get(BOOKS, headers=bearing(token)).status_code == 200
    assert len(seen) == 4


def test_an_unused_refresh_token_ends_after_thirty_days(program: TestClient, clock: FixedClock) -> None:
    logged_in(program)
    cookie = program.cookies[REFRESH_COOKIE]
    clock.set(FRIDAY + timedelta(days=30))
    answer = program.post("/auth/refresh", headers={"cookie": f"{REFRESH_COOKIE}={cookie}"})
    assert answer.status_code == 401


def refusal(house: House, token: Secret) -> str:
    with pytest.raises(TokenRefused) as no:
        renewed(house, token)
    return no.value.reason


def is_open(house: House, pair: Pair) -> bool:
    with house.database.reading() as db:
        try:
            access.opened(db, house, pair.access.token)
        except TokenRefused:
            return False
    return True


def told(house: House) -> list[str]:
    with house.database.reading() as db:
        return [one.notice.title for one in notices.page(db, asha(house), None, 50, None)]


def renewed(house: House, token: Secret) -> Pair:
    """By a request that comes in now."""
    return renewals.renew(house, token, arrived=house.clock.now())


TWICE = "A sign-in was ended: its token was used twice"


def test_a_copied_refresh_token_ends_the_sign_in_and_its_owner_is_told(
    house: House, clock: FixedClock
) -> None:
    first = pair_of(house)
    second = renewed(house, first.renewing)
    assert is_open(house, second)
    clock.set(FRIDAY + timedelta(minutes=1))
    assert "used before" in refusal(house, first.renewing)
    assert not is_open(house, second)
    assert "ended" in refusal(house, second.renewing)
    assert told(house).count(TWICE) == 1
    with house.database.reading() as db:
        acts = [one.action for one in audit.mine(db, asha(house), None, 20)]
    assert acts.count("token.reused") == 1
    assert "ended" in refusal(house, first.renewing)
    assert told(house).count(TWICE) == 1


def test_the_same_program_at_once_is_a_replay_all_the_same(program: TestClient, house: House) -> None:
    """Same address, same program, same second: the newer pair is dead, and so is its access token."""
    logged_in(program)
    old = program.cookies[REFRESH_COOKIE]
    answer = program.post("/auth/refresh")
    assert answer.status_code == 200
    newer = program.cookies[REFRESH_COOKIE]
    for cookie, reason in ((old, "used before"), (newer, "sign-in has ended"), (old, "sign-in has ended")):
        program.cookies.clear()
        again = program.post("/auth/refresh", headers={"cookie": f"{REFRESH_COOKIE}={cookie}"})
        assert again.status_code == 401
        assert reason in again.json()["detail"]
        assert "set-cookie" not in again.headers
    assert "sign-in has ended" in refused(program, answer.json()["access_token"])
    assert told(house).count(TWICE) == 1


def test_a_request_that_was_here_before_the_token_was_spent_lost_a_race(
    house: House, clock: FixedClock
) -> None:
    first = pair_of(house)
    came = clock.now()
    clock.set(FRIDAY + timedelta(seconds=9))
    second = renewed(house, first.renewing)
    with pytest.raises(TokenRefused, match="was first"):
        renewals.renew(house, first.renewing, arrived=came)
    assert is_open(house, second)
    assert "used before" in refusal(house, first.renewing)
    assert not is_open(house, second)


def test_another_sign_in_stays_when_one_is_ended(house: House, clock: FixedClock) -> None:
    first, other = pair_of(house), pair_of(house)
    renewed(house, first.renewing)
    clock.set(FRIDAY + timedelta(minutes=1))
    refusal(house, first.renewing)
    assert is_open(house, other)
    assert is_open(house, renewed(house, other.renewing))


def test_of_a_thousand_renewals_with_one_token_exactly_one_succeeds(house: House, clock: FixedClock) -> None:
    """All came in before the first was served, so none is a replay."""
    first, came = pair_of(house), clock.now()
    clock.set(FRIDAY + timedelta(milliseconds=1))
    start = threading.Barrier(16)
    won: list[Pair] = []
    lost: list[str] = []

    def ask(_number: int) -> None:
        try:
            won.append(renewals.renew(house, first.renewing, arrived=came))
        except TokenRefused as no:
            lost.append(no.reason)

    def lane(numbers: range) -> None:
        start.wait()
        for number in numbers:
            ask(number)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lane, [range(place, 1_000, 16) for place in range(16)]))
    assert (len(won), len(lost)) == (1, 999)
    assert {reason.partition(";")[0] for reason in lost} == {"another request with it was first"}
    assert is_open(house, won[0])
    assert TWICE not in told(house)


def test_of_a_thousand_requests_at_the_door_exactly_one_is_answered(url: str, house: House) -> None:
    """By a running clock, all at once: whoever came in after the winner is a replay, and ends it all."""
    living = replace(house, clock=SystemClock())
    token = renewals.log_in(living, "asha@example.org", Secret(PASSWORD), HERE).renewing.reveal()

    async def story() -> list[int]:
        transport = httpx2.ASGITransport(app_of(living))
        async with httpx2.AsyncClient(transport=transport, base_url=ADDRESS, timeout=120) as many:
            cookie = {"cookie": f"{REFRESH_COOKIE}={token}"}
            wishes = [many.post("/auth/refresh", headers=cookie) for _ in range(1_000)]
            return [answer.status_code for answer in await asyncio.gather(*wishes)]

    statuses = asyncio.run(story())
    assert Counter(statuses) == {200: 1, 401: 999}


def test_a_new_key_ends_no_sign_in_and_the_old_one_is_believed_until_its_tokens_end(
    house: House, clock: FixedClock
) -> None:
    before = pair_of(house)
    clock.set(FRIDAY + timedelta(minutes=30))
    with house.database.writing() as db:
        house.signing.change(db, house.vault, clock.now(), house.rules.access_life + 2 * access.LEEWAY)
    after = pair_of(house)
    assert is_open(house, before)
    assert is_open(house, after)
    heads = [jwt.get_unverified_header(pair.access.token.reveal())["kid"] for pair in (before, after)]
    assert heads[0] != heads[1]
    clock.set(FRIDAY + timedelta(hours=3))
    house.signing._read_at = float("-inf")
    assert not is_open(house, before)
    with house.database.reading() as db:
        assert [key.kid for key in signing_keys.believed(db, clock.now())] == [heads[1]]


def test_a_key_that_is_changed_at_once_opens_nothing_any_more(house: House) -> None:
    pair = pair_of(house)
    with house.database.writing() as db:
        house.signing.change(db, house.vault, house.clock.now(), timedelta())
    assert not is_open(house, pair)
    assert is_open(house, renewed(house, pair.renewing))


def test_the_key_changes_by_itself_after_ninety_days(house: House, clock: FixedClock) -> None:
    first = jwt.get_unverified_header(pair_of(house).access.token.reveal())["kid"]
    clock.set(FRIDAY + timedelta(days=89))
    assert jwt.get_unverified_header(pair_of(house).access.token.reveal())["kid"] == first
    clock.set(FRIDAY + timedelta(days=90))
    assert jwt.get_unverified_header(pair_of(house).access.token.reveal())["kid"] != first


def test_two_that_begin_at_once_make_one_key(house: House) -> None:
    viewer = asha(house)
    with house.database.writing() as db:
        here = sessions.add(db, viewer, "hash", "a program", "", FRIDAY, FRIDAY + timedelta(days=1))
    start = threading.Barrier(8)

    def issued(_number: int) -> str:
        start.wait()
        with house.database.writing() as db:
            token = access.issue(db, house, viewer, here).token
        return str(jwt.get_unverified_header(token.reveal())["kid"])

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(issued, range(8)))) == 1


def test_the_key_lies_sealed_in_the_database(house: House) -> None:
    pair_of(house)
    with house.database.reading() as db:
        (kept,) = signing_keys.believed(db, house.clock.now())
    assert house_key(house) not in kept.sealed
    assert base64.b64encode(house_key(house)) not in kept.sealed


def test_a_key_that_the_vault_has_lost_is_replaced(house: House, caplog: pytest.LogCaptureFixture) -> None:
    pair = pair_of(house)
    other = replace(house, vault=Vault(KeyRing([b"2" * 32])), signing=SigningKeys())
    assert not is_open(other, pair)
    assert is_open(other, pair_of(other))
    assert "cannot be opened" in caplog.text


def test_what_has_expired_is_forgotten(house: House) -> None:
    pair_of(house)
    keeper = Caretaker("test")
    with house.database.writing() as db:
        assert refresh_tokens.forget_expired(db, keeper, FRIDAY) == 0
        assert refresh_tokens.forget_expired(db, keeper, FRIDAY + timedelta(days=31)) == 1


def test_the_times_in_a_token_are_whole_seconds(house: House) -> None:
    pair = pair_of(house)
    assert pair.access.expires == Instant(datetime(2026, 11, 20, 6, 0, tzinfo=UTC))


def test_a_second_factor_is_asked_of_programs_too(
    program: TestClient, house: House, clock: FixedClock
) -> None:
    viewer = asha(house)
    with house.database.writing() as db:
        app = pyotp.TOTP(factors.begin(db, house, viewer).secret.reveal())
        factors.confirm(db, house, viewer, Secret(app.at(clock.now().utc)))
    clock.advance(timedelta(minutes=1))
    bare = program.post("/auth/login", json=WISH)
    assert (bare.status_code, bare.json()["type"]) == (401, "/api/docs#second-factor")
    assert "set-cookie" not in bare.headers
    wrong = program.post("/auth/login", json=WISH | {"code": "000000"})
    assert wrong.status_code == 401
    right = program.post("/auth/login", json=WISH | {"code": app.at(clock.now().utc)})
    assert right.status_code == 200, right.text
