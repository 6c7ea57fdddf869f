"""Links for mailboxes, sent through a real SMTP server: good once, for their time, and told to nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from tests.acts import acts_of
from tests.bootstrap.houses import PASSWORD, a_house, a_person, bells_of, clock_of
from tests.postbox import Postbox, taken_in, text
from tunefolio.adapters.notify.mail import Mail
from tunefolio.bootstrap.runtime import load_deeds
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.notice import ChannelKind
from tunefolio.core.people import Person, Role
from tunefolio.core.secret import Secret
from tunefolio.services import factors, identity, jobs, mails, notices, recovery
from tunefolio.services.acts import Act
from tunefolio.services.house import House
from tunefolio.services.identity import FactorNeeded
from tunefolio.store import mail_links, persons
from tunefolio.store.mail_links import LinkKind
from tunefolio.store.tables import jobs as jobs_table
from tunefolio.store.tables import mail_links as links_table

pytestmark = pytest.mark.one_is_enough

NEW = Secret("a different sentence")
FIREFOX = "Mozilla/5.0 Firefox"


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def house(migrated_url: str, postbox: Postbox) -> Iterator[House]:
    """A house with a mail server beside it."""
    load_deeds()
    with taken_in(postbox) as address, a_house(migrated_url) as house:
        mail = Mail(Secret(address), "tunefolio@example.org", "localhost")
        yield replace(house, notifiers={ChannelKind.EMAIL: mail})


def work(house: House) -> None:
    """Do every job that was asked for, those too that jobs ask for."""
    bells = bells_of(house)
    while bells:
        jobs.run(house, bells.pop(0))


def confirmed(house: House, postbox: Postbox, email: str = "asha@example.com") -> Person:
    """A person whose address is known to be read."""
    person = a_person(house, email, Role.ADMIN)
    work(house)
    with house.database.writing() as db:
        recovery.confirm(db, house, postbox.link(email))
    return person


def ask(house: House, email: str = "asha@example.com") -> None:
    recovery.ask_reset(house, email, "10.0.0.1")
    work(house)


def is_verified(house: House, person: Person) -> bool:
    with house.database.reading() as db:
        return persons.verified_at(db, person.viewer) is not None


@pytest.mark.on_both
def test_a_new_address_is_confirmed_by_the_link_that_was_mailed_there(house: House, postbox: Postbox) -> None:
    person = a_person(house)
    assert not is_verified(house, person)
    work(house)
    (message,) = postbox.of("asha@example.com")
    assert message["Subject"] == "Confirm your e-mail address"
    assert "http://localhost:8000/confirm?token=" in text(message)
    with house.database.writing() as db:
        token = postbox.link("asha@example.com")
        assert recovery.pending(db, house, token) is not None
        assert recovery.confirm(db, house, token).kind is LinkKind.VERIFY
        with pytest.raises(Misuse, match="used"):
            recovery.confirm(db, house, token)
        with pytest.raises(Misuse, match="confirmed already"):
            recovery.ask_verification(db, house, person.viewer)
    assert is_verified(house, person)
    assert acts_of(house, person.viewer)[0] is Act.EMAIL_VERIFIED


def test_only_the_newest_link_counts_and_only_for_a_day(house: House, postbox: Postbox) -> None:
    person = a_person(house)
    work(house)
    first = postbox.link("asha@example.com")
    with house.database.writing() as db:
        recovery.ask_verification(db, house, person.viewer)
    work(house)
    second = postbox.link("asha@example.com")
    with pytest.raises(Misuse), house.database.writing() as db:
        recovery.confirm(db, house, first)
    clock_of(house).advance(timedelta(hours=24, seconds=1))
    with pytest.raises(Misuse), house.database.writing() as db:
        recovery.confirm(db, house, second)


@pytest.mark.on_both
def test_a_forgotten_password_is_set_anew_and_every_session_ends(house: House, postbox: Postbox) -> None:
    person = confirmed(house, postbox)
    seen = identity.log_in(house, person.email, PASSWORD, "x", "10.0.0.1")
    ask(house)
    token = postbox.link(person.email)
    assert recovery.reset(house, token, NEW) == person
    assert acts_of(house, person.viewer)[0] is Act.PASSWORD_RESET
    with house.database.reading() as db:
        assert identity.who(db, house, seen.token) is None
    with pytest.raises(Rejected):
        identity.log_in(house, person.email, PASSWORD, "x", "10.0.0.1")
    assert identity.log_in(house, person.email, NEW, "x", "10.0.0.1").person == person
    with pytest.raises(Misuse, match="used"):
        recovery.reset(house, token, Secret("yet another sentence"))
    work(house)
    assert [one["Subject"] for one in postbox.of(person.email)][-1] == "Your password was set anew"


def test_a_second_factor_is_still_asked_for_after_a_reset(house: House, postbox: Postbox) -> None:
    import pyotp

    person = confirmed(house, postbox)
    with house.database.writing() as db:
        enrolment = factors.begin(db, house, person.viewer)
        now = int(house.clock.now().utc.timestamp())
        factors.confirm(db, house, person.viewer, Secret(pyotp.TOTP(enrolment.secret.reveal()).at(now)))
    ask(house)
    recovery.reset(house, postbox.link(person.email), NEW)
    with pytest.raises(FactorNeeded):
        identity.log_in(house, person.email, NEW, "x", "10.0.0.1")


def test_a_link_is_good_for_an_hour(house: House, postbox: Postbox) -> None:
    confirmed(house, postbox)
    ask(house)
    clock_of(house).advance(timedelta(hours=1, seconds=1))
    with pytest.raises(Misuse, match="ran out"):
        recovery.reset(house, postbox.link("asha@example.com"), NEW)


def test_a_bad_new_password_does_not_use_the_link_up(house: House, postbox: Postbox) -> None:
    confirmed(house, postbox)
    ask(house)
    token = postbox.link("asha@example.com")
    with pytest.raises(Misuse, match="guessed first"):
        recovery.reset(house, token, Secret("password1234"))
    recovery.reset(house, token, NEW)


@pytest.mark.on_both
def test_a_stranger_learns_nothing_by_asking(house: House, postbox: Postbox) -> None:
    """One job each time, of the same kind and owner; only what lies behind the door differs."""
    confirmed(house, postbox)
    before = len(postbox.mails)
    for address in ("asha@example.com", "nobody@example.com"):
        recovery.ask_reset(house, address, "10.0.0.1")
    with house.database.reading() as db:
        asked = db.execute(
            select(jobs_table.c.owner_id, jobs_table.c.state).where(jobs_table.c.kind == "reset_asked")
        ).all()
    assert [tuple(row) for row in asked] == [(None, "queued")] * 2
    work(house)
    assert [to for to, _ in postbox.mails[before:]] == ["asha@example.com"]


def test_an_address_that_was_never_confirmed_gets_no_link(house: House, postbox: Postbox) -> None:
    """It may be a stranger's, by a slip of the finger; the wish waits for the operator."""
    person = a_person(house)
    work(house)
    postbox.mails.clear()
    ask(house)
    assert postbox.mails == []
    with house.database.reading() as db:
        waiting = [one for one in mails.waiting(db, house) if one.kind is LinkKind.RESET]
    assert [one.owner for one in waiting] == [person.id]


def test_asking_on_and_on_is_stopped(house: House, postbox: Postbox) -> None:
    confirmed(house, postbox)
    for _ in range(5):
        ask(house)
    with pytest.raises(Retry):
        ask(house)


def test_the_token_is_in_no_job_and_no_table(house: House, postbox: Postbox) -> None:
    confirmed(house, postbox)
    ask(house)
    token = postbox.link("asha@example.com").reveal()
    with house.database.reading() as db:
        rows = [*db.execute(select(jobs_table)), *db.execute(select(links_table))]
    assert rows
    assert not any(token in repr(tuple(row)) for row in rows)


@pytest.mark.on_both
def test_a_changed_address_counts_once_it_is_confirmed_and_the_old_one_is_told(
    house: House, postbox: Postbox
) -> None:
    person = confirmed(house, postbox)
    with house.database.writing() as db:
        recovery.ask_change(db, house, person.viewer, "New@example.com")
    work(house)
    assert postbox.of("asha@example.com")[-1]["Subject"] == "Another e-mail address was asked for"
    assert identity.log_in(house, "asha@example.com", PASSWORD, "x", "10.0.0.1").person.id == person.id
    with house.database.writing() as db:
        recovery.confirm(db, house, postbox.link("new@example.com"))
    work(house)
    assert postbox.of("asha@example.com")[-1]["Subject"] == "Your e-mail address was changed"
    changed = identity.log_in(house, "new@example.com", PASSWORD, "x", "10.0.0.1").person
    assert (changed.id, changed.email) == (person.id, "new@example.com")
    assert is_verified(house, changed)
    with pytest.raises(Rejected):
        identity.log_in(house, "asha@example.com", PASSWORD, "x", "10.0.0.1")


def test_an_address_that_somebody_has_is_refused_only_to_who_reads_its_mail(
    house: House, postbox: Postbox
) -> None:
    person = confirmed(house, postbox)
    a_person(house, "bela@example.com", Role.MEMBER)
    with house.database.writing() as db:
        recovery.ask_change(db, house, person.viewer, "bela@example.com")
    work(house)
    token = Secret(
        re.findall(
            r"token=([\w-]+)",
            next(text(one) for one in postbox.of("bela@example.com") if "sign in" in text(one)),
        )[0]
    )
    with pytest.raises(Misuse, match="already has an account"), house.database.writing() as db:
        recovery.confirm(db, house, token)
    with house.database.reading() as db:
        assert persons.person_of(db, person.id).email == "asha@example.com"


@pytest.mark.on_both
def test_asking_for_a_new_address_does_the_same_whoever_has_it(house: House, postbox: Postbox) -> None:
    person = confirmed(house, postbox)
    a_person(house, "bela@example.com", Role.MEMBER)
    done: dict[str, list[str]] = {}

    def heard(_c: object, _cursor: object, statement: str, *_: object) -> None:
        done[email].append(" ".join(statement.split()))

    event.listen(house.database.engine, "before_cursor_execute", heard)
    for email in ("first@example.com", "bela@example.com", "nobody@example.com"):
        done[email] = []
        with house.database.writing() as db:
            recovery.ask_change(db, house, person.viewer, email)
    event.remove(house.database.engine, "before_cursor_execute", heard)
    assert done["bela@example.com"] == done["nobody@example.com"] != []
    assert not any("email =" in one for one in done["bela@example.com"] if one.startswith("SELECT"))


def test_without_mail_the_operator_hands_the_link_out(house: House, postbox: Postbox) -> None:
    silent = replace(house, notifiers={})
    person = a_person(silent)
    recovery.ask_reset(silent, person.email, "10.0.0.1")
    work(silent)
    with silent.database.writing() as db:
        (wanted,) = mails.waiting(db, silent)
        assert (wanted.owner, wanted.kind) == (person.id, LinkKind.RESET)
        address = recovery.link_for(db, silent, person.viewer, person, LinkKind.RESET)
        assert mail_links.open_one(db, person.viewer, LinkKind.RESET, silent.clock.now()) is not None
    token = Secret(address.reveal().partition("token=")[2])
    assert recovery.reset(silent, token, NEW) == person
    assert postbox.mails == []


def test_a_new_device_is_told_and_a_known_one_is_not(house: House, postbox: Postbox) -> None:
    person = confirmed(house, postbox)
    first = identity.log_in(house, person.email, PASSWORD, FIREFOX, "10.0.0.1")
    again = identity.log_in(house, person.email, PASSWORD, FIREFOX, "10.0.0.1", browser=first.browser)
    assert again.browser == first.browser
    with house.database.reading() as db:
        assert notices.page(db, person.viewer, None, 9).told == ()
    identity.log_in(
        house, person.email, PASSWORD, "Mozilla/5.0 Chrome", "10.0.0.9", browser=Secret("stolen?")
    )
    work(house)
    with house.database.reading() as db:
        (told,) = notices.page(db, person.viewer, None, 9).told
    assert told.notice.title == "A new device signed in to your account"
    assert "Mozilla/5.0 Chrome, from 10.0.0.9" in text(postbox.of(person.email)[-1])


def test_a_program_without_cookies_is_told_of_once_for_each_network(house: House, postbox: Postbox) -> None:
    """It signs in every morning; a notice each time would teach her to overlook the one that matters."""
    person = confirmed(house, postbox)
    identity.log_in(house, person.email, PASSWORD, FIREFOX, "10.0.0.1")

    def told() -> int:
        with house.database.reading() as db:
            return len(notices.page(db, person.viewer, None, 9).told)

    for address in ("10.0.7.1", "10.0.7.1", "10.0.7.200"):
        identity.log_in(house, person.email, PASSWORD, "curl/8.9", address)
        assert told() == 1, address
    identity.log_in(house, person.email, PASSWORD, "curl/8.9", "10.0.8.1")
    identity.log_in(house, person.email, PASSWORD, "wget/1.2", "10.0.8.1")
    assert told() == 3
    for _ in range(2):
        identity.log_in(house, person.email, PASSWORD, "curl/8.9", "2001:db8::1")
        identity.log_in(house, person.email, PASSWORD, "curl/8.9", "2001:db8::ffff")
    assert told() == 4
    with house.database.writing() as db:
        identity.shut_out(db, house, person.viewer)
    identity.log_in(house, person.email, PASSWORD, FIREFOX, "10.0.0.1")
    identity.log_in(house, person.email, PASSWORD, "curl/8.9", "10.0.7.1")
    assert told() == 5, "whoever was shut out is known by nothing any more"


def test_a_stranger_who_guesses_does_not_lock_the_owner_out_of_her_own_browser(
    house: House, postbox: Postbox
) -> None:
    person = confirmed(house, postbox)
    known = identity.log_in(house, person.email, PASSWORD, FIREFOX, "10.0.0.1").browser
    for _ in range(3):
        with pytest.raises(Rejected):
            identity.log_in(house, person.email, NEW, "x", "10.0.0.66")
    with pytest.raises(Retry):
        identity.log_in(house, person.email, PASSWORD, "x", "10.0.0.66")
    seen = identity.log_in(house, person.email, PASSWORD, FIREFOX, "10.0.0.1", browser=known)
    assert seen.person == person
