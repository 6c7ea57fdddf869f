"""Logins by form: what is kept, what is forgotten, who logs in after the daily logout."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import orjson
import pytest

from tests.acts import acts_of
from tests.services.desks import Desk, PriceBoard, held
from tunefolio.core.errors import Misuse, NotFound, Reauth, Rejected, Retry
from tunefolio.core.identity import AccountId
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.ledger.brokers import BrokerSession, CredentialField, CredentialForm, Keeping
from tunefolio.ledger.statements import Holding, Statement
from tunefolio.services import connect, credentials, jobs, sync
from tunefolio.services.acts import Act
from tunefolio.services.credentials import LoginRefused, Relogin, WrongField
from tunefolio.services.throttle import TooMany
from tunefolio.store import connections
from tunefolio.store import jobs as kept_jobs
from tunefolio.store.connections import Connection, ConnectionState
from tunefolio.store.vault import KeyRing, Vault, new_key

pytestmark = pytest.mark.one_is_enough

PIN, SEED, CODE = "4711", "JBSWY3DPEHPK3PXP", "123456"


def one(name: str, keeping: Keeping, pattern: str, *, is_needed: bool = True) -> CredentialField:
    return CredentialField(
        name, name.title(), f"Your {name}", pattern, keeping, keeping is not Keeping.KEPT, is_needed
    )


FORM = CredentialForm(
    (
        one("client", Keeping.KEPT, r"[A-Z0-9]{2,10}"),
        one("pin", Keeping.KEPT, r"\d{4}"),
        one("seed", Keeping.CHOICE, r"[A-Z2-7]{16}", is_needed=False),
        one("code", Keeping.ONCE, r"\d{6}", is_needed=False),
    ),
    user="client",
    alternatives=(("seed",), ("code",)),
    automatic=("client", "pin", "seed"),
)


@dataclass
class FormBroker:
    """A broker whose users log in by client, pin and a code; says why not, and renews while it may."""

    user: str = "F1"
    lines: tuple[Holding, ...] = ()
    refusal: Exception | None = None
    dead: set[str] = field(default_factory=set)
    renews: bool = False
    sessions: int = 0
    logins: list[dict[str, str]] = field(default_factory=list)
    name: str = "formbroker"
    title: str = "Form Broker"
    home_exchange: str = "NSE"
    board: PriceBoard = field(default_factory=PriceBoard)
    form: CredentialForm = FORM

    def login(self, given: Mapping[str, Secret], now: Instant) -> BrokerSession:
        self.logins.append({name: secret.reveal() for name, secret in given.items()})
        if self.refusal is not None:
            raise self.refusal
        return self._session(now)

    def renew(self, session: BrokerSession, now: Instant) -> BrokerSession:
        if not self.renews:
            raise Reauth("it cannot be prolonged")
        return self._session(now)

    def logout(self, api_key: str, session: BrokerSession) -> None:
        self.dead.add(session.token.reveal())

    def statements(self, api_key: str, session: BrokerSession) -> FormBroker:
        self._now = session.token.reveal()
        return self

    def fetch(self, now: Instant) -> Statement:
        if self._now in self.dead:
            raise Reauth("The session is over")
        return Statement(self.name, self.user, now, self.lines)

    def quotes(self, api_key: str, session: BrokerSession) -> PriceBoard:
        return self.board

    def _session(self, now: Instant) -> BrokerSession:
        self.sessions = getattr(self, "sessions", 0) + 1
        return BrokerSession(
            self.user, "A Person", Secret(f"session-{self.sessions}"), now + timedelta(hours=18)
        )


@pytest.fixture
def broker(desk: Desk) -> FormBroker:
    made = FormBroker(lines=(held("INFY", "10", "1500"),))
    desk.house = replace(desk.house, brokers={made.name: made})
    return made


def log_in(desk: Desk, relogin: Relogin = Relogin.BY_HAND, **typed: str) -> AccountId:
    fields = {
        "client": "F1",
        "pin": PIN,
        **({"code": CODE} if relogin is Relogin.BY_HAND else {"seed": SEED}),
    }
    return credentials.log_in(desk.house, desk.viewer, "formbroker", fields | typed, relogin).id


def standing(desk: Desk, account: AccountId) -> Connection:
    with desk.database.reading() as db:
        found = connections.of_account(db, desk.viewer, account)
    assert found is not None
    return found


def kept(desk: Desk, account: AccountId) -> set[str]:
    with desk.database.reading() as db:
        sealed = connections.sealed_credentials(db, desk.viewer, account)
    if sealed is None:
        return set()
    row = standing(desk, account).id
    return set(orjson.loads(desk.house.vault.open(sealed, "connections", row, "credentials").reveal()))


def run_sync(desk: Desk, account: AccountId) -> kept_jobs.Job:
    with desk.database.writing() as db:
        job = sync.ask_sync(db, desk.house, desk.viewer, account)
    jobs.run(desk.house, job)
    with desk.database.reading() as db:
        return kept_jobs.job_of(db, desk.viewer, job)


@pytest.mark.on_both
def test_a_login_by_form_makes_a_connected_account_and_asks_for_its_sync(
    desk: Desk, broker: FormBroker
) -> None:
    account = log_in(desk)
    done = acts_of(desk.house, desk.viewer)
    assert done[:2] == [Act.BROKER_LINKED, Act.CREDENTIALS_KEPT]
    assert broker.logins == [{"client": "F1", "pin": PIN, "code": CODE}]
    assert standing(desk, account).state is ConnectionState.CONNECTED
    assert kept(desk, account) == {"client", "pin"}, "a code works once; the rest is needed again"
    with desk.database.reading() as db:
        assert [job.kind for job in kept_jobs.page(db, desk.viewer, None, 5)] == ["sync"]
        (line,) = connect.status(db, desk.house, desk.viewer)
        token = connections.sealed_token(db, desk.viewer, account)
    assert (line.app, line.automatic_since) == ("needless", None)
    assert line.login_link == f"/brokers/formbroker/login?account={account}"
    assert token is not None
    assert b"session-1" not in token


def test_what_makes_codes_is_kept_only_by_choice(desk: Desk, broker: FormBroker) -> None:
    by_hand = log_in(desk, seed=SEED)
    assert kept(desk, by_hand) == {"client", "pin"}
    assert log_in(desk, Relogin.AUTOMATIC) == by_hand
    assert kept(desk, by_hand) == {"client", "pin", "seed"}
    assert standing(desk, by_hand).automatic_since == desk.clock.now()
    log_in(desk)
    assert kept(desk, by_hand) == {"client", "pin"}, "back to logging in by hand: it is forgotten"
    assert standing(desk, by_hand).automatic_since is None


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"pin": ""}, "pin", "Pin is missing"),
        ({"pin": "12345"}, "pin", "Pin cannot be what was typed. Your pin"),
        ({"code": ""}, "code", "Seed or Code is missing"),
        ({"shoe_size": "44"}, "shoe_size", "is not asked for"),
        ({"client": "x" * 600}, "client", "Client cannot be what was typed"),
    ],
)
def test_a_wrong_field_is_named_and_never_shown(
    desk: Desk, broker: FormBroker, typed: dict[str, str], field: str, words: str
) -> None:
    with pytest.raises(Misuse, match=words) as refused:
        log_in(desk, Relogin.BY_HAND, **typed)
    assert refused.value.field == field
    assert not any(text and len(text) > 2 and text in str(refused.value) for text in typed.values())
    assert broker.logins == [], "the broker is not bothered with it"


def test_an_automatic_login_needs_all_that_it_will_need(desk: Desk, broker: FormBroker) -> None:
    with pytest.raises(Misuse, match="Seed is needed for logging in by itself"):
        log_in(desk, Relogin.AUTOMATIC, seed="", code=CODE)


def test_a_refused_login_keeps_nothing(desk: Desk, broker: FormBroker) -> None:
    broker.refusal = Rejected("Form Broker: wrong PIN", code="credentials")
    with pytest.raises(LoginRefused, match="wrong PIN") as refused:
        log_in(desk)
    assert refused.value.broker == "Form Broker"
    with desk.database.reading() as db:
        assert connections.listed(db, desk.viewer) == []


@pytest.mark.on_both
def test_few_logins_are_passed_on_so_that_the_broker_locks_nobody_out(desk: Desk, broker: FormBroker) -> None:
    broker.refusal = Rejected("no", code="credentials")
    for _ in range(6):
        with pytest.raises(Rejected):
            log_in(desk)
    with pytest.raises(TooMany, match="Form Broker locks a user out") as busy:
        log_in(desk)
    assert busy.value.after is not None
    assert len(broker.logins) == 6


def test_what_the_broker_was_never_asked_is_not_counted(desk: Desk, broker: FormBroker) -> None:
    for _ in range(10):
        with pytest.raises(WrongField):
            log_in(desk, Relogin.BY_HAND, code="12")
    log_in(desk)


def test_a_refusal_of_another_kind_stays_what_it_is(desk: Desk, broker: FormBroker) -> None:
    broker.refusal = Rejected("Form Broker: names a stranger's address", code="address")
    with pytest.raises(Rejected) as refused:
        log_in(desk)
    assert refused.value.code == "address"


def test_logging_in_again_takes_what_is_kept_and_what_is_typed(desk: Desk, broker: FormBroker) -> None:
    account = log_in(desk)
    credentials.log_in_again(desk.house, desk.viewer, account, {"code": "654321", "pin": ""}, Relogin.BY_HAND)
    assert broker.logins[-1] == {"client": "F1", "pin": PIN, "code": "654321"}
    credentials.log_in_again(desk.house, desk.viewer, account, {"code": CODE, "pin": "0815"}, Relogin.BY_HAND)
    assert broker.logins[-1]["pin"] == "0815", "a credential that changed is replaced"
    broker.user = "F2"
    with pytest.raises(Misuse, match="of F2, not of F1"):
        credentials.log_in_again(desk.house, desk.viewer, account, {"code": CODE}, Relogin.BY_HAND)
    stranger = desk.neighbour()
    with pytest.raises(NotFound):
        credentials.log_in_again(desk.house, stranger.viewer, account, {"code": CODE}, Relogin.BY_HAND)


@pytest.mark.on_both
def test_a_session_that_died_is_opened_again_within_the_sync(desk: Desk, broker: FormBroker) -> None:
    account = log_in(desk, Relogin.AUTOMATIC)
    broker.dead.add("session-1")
    job = run_sync(desk, account)
    assert (job.state, job.problem) == (kept_jobs.JobState.DONE, "")
    assert broker.logins[-1] == {"client": "F1", "pin": PIN, "seed": SEED}
    assert standing(desk, account).state is ConnectionState.CONNECTED
    assert standing(desk, account).automatic_since is not None


def test_a_renewal_goes_before_a_login(desk: Desk, broker: FormBroker) -> None:
    account = log_in(desk, Relogin.AUTOMATIC)
    broker.renews = True
    with desk.database.reading() as db:
        home = next(iter(line.account for line in connect.status(db, desk.house, desk.viewer)))
    assert home is not None
    assert credentials.opened_again(desk.house, desk.viewer, home)
    assert len(broker.logins) == 1
    assert standing(desk, account).state is ConnectionState.CONNECTED


def test_without_leave_the_account_waits_for_its_owner(desk: Desk, broker: FormBroker) -> None:
    account = log_in(desk)
    broker.dead.add("session-1")
    job = run_sync(desk, account)
    assert (job.state, job.problem) == (kept_jobs.JobState.FAILED, "The session is over")
    assert len(broker.logins) == 1
    there = standing(desk, account)
    assert there.state is ConnectionState.NEEDS_LOGIN
    assert kept(desk, account) == {"client", "pin"}, "one click and a code bring it back"


def test_refused_credentials_are_not_tried_a_second_time(desk: Desk, broker: FormBroker) -> None:
    account = log_in(desk, Relogin.AUTOMATIC)
    broker.dead.add("session-1")
    broker.refusal = Rejected("Form Broker: the PIN has changed", code="credentials")
    for _ in range(3):
        run_sync(desk, account)
    assert len(broker.logins) == 2, "a broker locks a user out after a few"
    there = standing(desk, account)
    assert (there.state, there.automatic_since) == (ConnectionState.NEEDS_LOGIN, None)
    assert "the PIN has changed" in there.problem


def test_a_broker_that_is_away_is_tried_later_and_loses_nothing(desk: Desk, broker: FormBroker) -> None:
    account = log_in(desk, Relogin.AUTOMATIC)
    broker.dead.add("session-1")
    broker.refusal = Retry("away")
    assert run_sync(desk, account).state is kept_jobs.JobState.QUEUED
    assert standing(desk, account).automatic_since is not None
    broker.refusal = None
    desk.clock.advance(timedelta(hours=1))
    assert run_sync(desk, account).state is kept_jobs.JobState.DONE


@pytest.mark.on_both
def test_unlinking_destroys_every_secret(desk: Desk, broker: FormBroker) -> None:
    account = log_in(desk, Relogin.AUTOMATIC)
    connect.disconnect(desk.house, desk.viewer, account)
    assert broker.dead == {"session-1"}
    there = standing(desk, account)
    assert (there.state, there.automatic_since) == (ConnectionState.DISCONNECTED, None)
    with desk.database.reading() as db:
        assert connections.sealed_credentials(db, desk.viewer, account) is None
        assert connections.sealed_token(db, desk.viewer, account) is None


@pytest.mark.on_both
def test_what_another_key_has_sealed_is_asked_for_again(desk: Desk, broker: FormBroker) -> None:
    account = log_in(desk, Relogin.AUTOMATIC)
    desk.house = replace(desk.house, vault=Vault(KeyRing([new_key()])))
    with pytest.raises(Misuse, match="Client is missing"):
        credentials.log_in_again(desk.house, desk.viewer, account, {"code": CODE}, Relogin.BY_HAND)


def test_nothing_that_was_typed_is_logged(
    desk: Desk, broker: FormBroker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    account = log_in(desk, Relogin.AUTOMATIC)
    broker.dead.add("session-1")
    broker.refusal = Rejected("wrong", code="credentials")
    run_sync(desk, account)
    written = "\n".join(str(vars(record)) for record in caplog.records)
    assert "automatic login refused" in written
    assert not any(secret in written for secret in (PIN, SEED, "session-1"))


def test_a_broker_with_its_own_page_has_no_form(desk: Desk) -> None:
    with pytest.raises(Misuse, match="login page of its own"):
        credentials.form_of(desk.house, "deskbroker")
