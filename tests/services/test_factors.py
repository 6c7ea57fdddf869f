"""The second factor: codes of an app that count once, recovery codes that count once, and no way around."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from tests.acts import acts_of
from tests.bootstrap.houses import PASSWORD, a_house, a_person, clock_of
from tunefolio.core.errors import Forbidden, Misuse, NotFound, Rejected, Retry
from tunefolio.core.people import Person, Role
from tunefolio.core.secret import Secret
from tunefolio.services import factors, identity, notices, steps
from tunefolio.services.acts import Act
from tunefolio.services.house import House
from tunefolio.services.identity import FactorNeeded, SignedIn
from tunefolio.services.steps import StepOver
from tunefolio.store.tables import authenticators, recovery_codes

pytestmark = pytest.mark.one_is_enough

HALF_MINUTE = timedelta(seconds=30)
WRONG = Secret("000000")


@pytest.fixture
def house(migrated_url: str) -> Iterator[House]:
    with a_house(migrated_url) as house:
        yield house


@dataclass(frozen=True)
class Asha:
    """Somebody with an authenticator, as her phone has it, and her recovery codes."""

    person: Person
    app: pyotp.TOTP
    codes: tuple[str, ...]

    def code(self, house: House, *, ahead: int = 0) -> Secret:
        """What the app shows, `ahead` half minutes from now."""
        return Secret(self.app.at(int(house.clock.now().utc.timestamp()) + 30 * ahead))


def protected(house: House, email: str = "asha@example.com") -> Asha:
    """A person who has turned her authenticator on, half a minute ago."""
    person = a_person(house, email)
    with house.database.writing() as db:
        enrolment = factors.begin(db, house, person.viewer)
    app = pyotp.TOTP(enrolment.secret.reveal())
    shown = Secret(app.at(int(house.clock.now().utc.timestamp())))
    with house.database.writing() as db:
        codes = factors.confirm(db, house, person.viewer, shown)
    clock_of(house).advance(HALF_MINUTE)
    return Asha(person, app, codes)


def log_in(house: House, code: Secret | None = None, address: str = "10.0.0.1") -> SignedIn:
    return identity.log_in(house, "asha@example.com", PASSWORD, "Firefox", address, code=code)


@pytest.mark.on_both
def test_it_counts_once_a_code_was_shown_and_not_before(house: House) -> None:
    person = a_person(house)
    with house.database.writing() as db:
        enrolment = factors.begin(db, house, person.viewer)
    assert log_in(house).person == person
    with house.database.writing() as db:
        assert factors.pending(db, house, person.viewer) == enrolment
        with pytest.raises(Misuse, match="code"):
            factors.confirm(db, house, person.viewer, WRONG)
        assert not factors.is_on(db, person.viewer)
    assert "issuer=TuneFolio" in enrolment.uri.reveal()
    shown = pyotp.TOTP(enrolment.secret.reveal()).at(int(house.clock.now().utc.timestamp()))
    with house.database.writing() as db:
        assert len(factors.confirm(db, house, person.viewer, Secret(shown))) == factors.CODES
        assert factors.pending(db, house, person.viewer) is None
    assert acts_of(house, person.viewer)[0] is Act.FACTOR_ON
    with pytest.raises(FactorNeeded):
        log_in(house)


def test_the_secret_is_sealed_and_recovery_codes_are_hashes(house: House) -> None:
    asha = protected(house)
    with house.database.reading() as db:
        sealed = db.execute(select(authenticators.c.secret)).scalar_one()
        kept = list(db.execute(select(recovery_codes.c.code_hash)).scalars())
    assert asha.app.secret.encode() not in sealed
    assert not {code.replace("-", "") for code in asha.codes} & {one.replace("-", "") for one in kept}
    assert all(len(one) == 64 for one in kept)


@pytest.mark.on_both
def test_the_right_code_lets_in_once_and_an_older_one_never(house: House) -> None:
    asha = protected(house)
    code = asha.code(house)
    assert log_in(house, code).person == asha.person
    with pytest.raises(Rejected) as replayed:
        log_in(house, code)
    assert replayed.value.code == "wrong_code"
    with pytest.raises(Rejected):
        log_in(house, asha.code(house, ahead=-1))


@pytest.mark.parametrize(("ahead", "is_right"), [(-2, False), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(house: House, ahead: int, is_right: bool) -> None:
    asha = protected(house)
    clock_of(house).advance(HALF_MINUTE * 4)
    if is_right:
        assert log_in(house, asha.code(house, ahead=ahead)).person == asha.person
    else:
        with pytest.raises(Rejected):
            log_in(house, asha.code(house, ahead=ahead))


@pytest.mark.on_both
def test_of_many_at_once_with_one_code_one_gets_in(house: House) -> None:
    asha = protected(house)
    code = asha.code(house)

    def attempt(_: int) -> bool:
        with house.database.writing() as db:
            return factors.passes(db, house, asha.person.viewer, code)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(attempt, range(16))).count(True) == 1


@pytest.mark.on_both
def test_each_recovery_code_is_good_once_however_it_is_typed(house: House) -> None:
    asha = protected(house)
    assert len(set(asha.codes)) == factors.CODES
    typed = Secret(f" {asha.codes[0].upper().replace('-', ' ')} ")
    assert log_in(house, typed).person == asha.person
    with pytest.raises(Rejected):
        log_in(house, Secret(asha.codes[0]))
    assert log_in(house, Secret(asha.codes[1])).person == asha.person


def test_a_strangers_recovery_code_is_none(house: House) -> None:
    asha = protected(house)
    other = protected(house, "bela@example.com")
    with house.database.writing() as db:
        assert not factors.passes(db, house, asha.person.viewer, Secret(other.codes[0]))
        assert factors.passes(db, house, other.person.viewer, Secret(other.codes[0]))


def test_new_recovery_codes_end_the_old_ones(house: House) -> None:
    asha = protected(house)
    with house.database.writing() as db:
        fresh = factors.renew_codes(db, house, asha.person.viewer)
        assert not factors.passes(db, house, asha.person.viewer, Secret(asha.codes[0]))
        assert factors.passes(db, house, asha.person.viewer, Secret(fresh[0]))
    assert acts_of(house, asha.person.viewer)[:2] == [Act.RECOVERY_CODE_USED, Act.CODES_RENEWED]


def test_turned_off_the_password_is_enough_and_codes_are_gone(house: House) -> None:
    asha = protected(house)
    with house.database.writing() as db:
        factors.turn_off(db, house, asha.person.viewer)
        assert not factors.passes(db, house, asha.person.viewer, Secret(asha.codes[0]))
        with pytest.raises(NotFound):
            factors.turn_off(db, house, asha.person.viewer)
        with pytest.raises(NotFound):
            factors.renew_codes(db, house, asha.person.viewer)
    assert acts_of(house, asha.person.viewer)[0] is Act.FACTOR_OFF
    assert log_in(house).person == asha.person


def test_she_is_told_of_whatever_happens_to_it(house: House) -> None:
    asha = protected(house)
    log_in(house, Secret(asha.codes[0]))
    with house.database.writing() as db:
        factors.turn_off(db, house, asha.person.viewer)
    with house.database.reading() as db:
        told = [one.notice.title for one in notices.page(db, asha.person.viewer, None, 9).told]
    assert told == [
        "Your authenticator was turned off",
        "A recovery code of yours was used",
        "Your authenticator was turned on",
    ]


def test_one_that_is_on_is_not_replaced_unseen(house: House) -> None:
    asha = protected(house)
    with pytest.raises(Misuse, match="on already"), house.database.writing() as db:
        factors.begin(db, house, asha.person.viewer)


def test_the_operator_takes_it_away_and_nobody_else(house: House) -> None:
    asha = protected(house)
    member = a_person(house, "b@example.com", Role.MEMBER)
    with house.database.writing() as db:
        with pytest.raises(Forbidden):
            factors.remove_all(db, house, member.viewer, asha.person)
        assert factors.remove_all(db, house, asha.person.viewer, asha.person)
        assert not factors.remove_all(db, house, asha.person.viewer, asha.person)
    assert log_in(house).person == asha.person


def test_guessing_codes_is_throttled(house: House) -> None:
    protected(house)
    for _ in range(3):
        with pytest.raises(Rejected):
            log_in(house, WRONG)
        house.throttle.forget(identity.BY_EMAIL, "asha@example.com")
    with pytest.raises(Retry):
        log_in(house, WRONG)


def second_step(house: House) -> Secret:
    with pytest.raises(FactorNeeded) as needed:
        log_in(house)
    return steps.ask_code(house, needed.value.person)


def answer(house: House, token: Secret | None, code: Secret) -> SignedIn:
    return steps.answer_code(house, token, code, "Firefox", "10.0.0.1")


@pytest.mark.on_both
def test_the_second_step_is_good_once_for_the_browser_that_began_it(house: House) -> None:
    asha = protected(house)
    token = second_step(house)
    for other in (None, Secret(""), Secret("x" * 43)):
        with pytest.raises(StepOver):
            answer(house, other, asha.code(house))
    assert answer(house, token, asha.code(house)).person == asha.person
    clock_of(house).advance(HALF_MINUTE)
    with pytest.raises(StepOver):
        answer(house, token, asha.code(house))


def test_the_second_step_runs_out_after_five_minutes(house: House) -> None:
    asha = protected(house)
    token = second_step(house)
    clock_of(house).advance(timedelta(minutes=5, seconds=1))
    with pytest.raises(StepOver):
        answer(house, token, asha.code(house))


def test_a_person_shut_out_meanwhile_does_not_get_in(house: House) -> None:
    asha = protected(house)
    admin = a_person(house, "b@example.com", Role.ADMIN)
    token = second_step(house)
    with house.database.writing() as db:
        identity.disable(db, house, admin.viewer, asha.person.id)
    with pytest.raises(StepOver):
        answer(house, token, asha.code(house))


def test_a_wrong_code_may_be_tried_again_five_times_in_all(house: House) -> None:
    asha = protected(house)
    token = second_step(house)
    with pytest.raises(Rejected) as wrong:
        answer(house, token, WRONG)
    assert wrong.value.code == "wrong_code"
    for _ in range(steps.MOST_TRIES - 1):
        house.throttle.forget(factors.BY_CODE, f"person {asha.person.id}")
        with pytest.raises(Rejected):
            answer(house, token, WRONG)
    with pytest.raises(StepOver):
        answer(house, token, asha.code(house))


def test_the_qr_code_is_a_picture_without_styles_or_scripts(house: House) -> None:
    person = a_person(house)
    with house.database.writing() as db:
        enrolment = factors.begin(db, house, person.viewer)
    drawn = factors.qr(enrolment)
    assert drawn.startswith("<svg")
    assert "style" not in drawn
    assert "script" not in drawn
    assert enrolment.secret.reveal() not in drawn
