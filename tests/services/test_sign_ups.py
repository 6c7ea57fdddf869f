"""An account by a mailed link: who asks learns nothing of who is here; who reads the mail comes in, once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from tests.acts import acts_of
from tests.bootstrap.houses import PASSWORD, a_house, a_person, bells_of, clock_of
from tests.ports import free_port
from tests.postbox import Postbox, taken_in, text
from tunefolio.adapters.notify.mail import Mail
from tunefolio.bootstrap.runtime import load_deeds
from tunefolio.core.errors import Forbidden, Misuse, Retry
from tunefolio.core.notice import ChannelKind
from tunefolio.core.people import Person, Role
from tunefolio.core.secret import Secret
from tunefolio.services import identity, jobs, joining, sign_ups
from tunefolio.services.acts import Act
from tunefolio.services.house import House, HouseRules, SignUp
from tunefolio.store import persons
from tunefolio.store.tables import jobs as jobs_table
from tunefolio.store.tables import sign_ups as wishes_table

pytestmark = pytest.mark.one_is_enough

BELA = "bela@example.com"
ASHA = "asha@example.com"
NONE = Secret("")


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def house(migrated_url: str, postbox: Postbox) -> Iterator[House]:
    """A house open to all, with a mail server beside it and Asha in it."""
    load_deeds()
    with taken_in(postbox) as address, a_house(migrated_url, HouseRules(sign_up=SignUp.OPEN)) as house:
        mailing = replace(house, notifiers={ChannelKind.EMAIL: mail(address)})
        a_person(mailing, ASHA)
        work(mailing)
        postbox.mails.clear()
        yield mailing


def mail(address: str) -> Mail:
    return Mail(Secret(address), "tunefolio@example.org", "localhost")


def work(house: House) -> None:
    """Do every job that was asked for, those too that jobs ask for."""
    bells = bells_of(house)
    while bells:
        jobs.run(house, bells.pop(0))


def come(house: House, email: str = BELA, name: str = "Bela", address: str = "10.0.0.1") -> None:
    """She asks for an account, as the form sends it, and is told nothing."""
    assert sign_ups.come(house, email, name, NONE, address) is None


def later(house: House, email: str = BELA) -> None:
    """The two minutes between two mails to an address are over."""
    house.throttle.forget(sign_ups.BY_EMAIL[0], email)


def wishes(house: House) -> list[tuple[str, str, str | None]]:
    """(address, name, hash of the token) of those that are kept."""
    with house.database.reading() as db:
        rows = db.execute(select(wishes_table).order_by(wishes_table.c.id)).all()
    return [(row.email, row.name, row.token_hash) for row in rows]


def subjects(postbox: Postbox, email: str) -> list[str]:
    return [str(one["Subject"]) for one in postbox.of(email)]


@pytest.mark.on_both
def test_somebody_new_comes_in_by_the_link_with_her_address_confirmed(house: House, postbox: Postbox) -> None:
    come(house, " Bela@Example.com", " Bela  B ")
    work(house)
    (message,) = postbox.of(BELA)
    assert message["Subject"] == "Set up your account"
    assert "http://localhost:8000/sign-up/confirm?token=" in text(message)
    assert "Bela B" not in text(message), "whoever asked may write nothing into another's mailbox"
    token = postbox.link(BELA)
    with house.database.reading() as db:
        wish = sign_ups.pending(db, house, token)
    assert wish is not None
    assert (wish.email, wish.name) == (BELA, "Bela B")
    person = sign_ups.finish(house, token, PASSWORD)
    assert (person.email, person.name, person.role) == (BELA, "Bela B", Role.MEMBER)
    with house.database.reading() as db:
        assert persons.verified_at(db, person.viewer) is not None
    assert acts_of(house, person.viewer) == [Act.EMAIL_VERIFIED, Act.JOINED]
    assert identity.log_in(house, BELA, PASSWORD, "x", "10.0.0.1").person == person
    assert wishes(house) == []
    work(house)
    assert len(postbox.of(BELA)) == 1, "there is nothing left to confirm"
    with pytest.raises(Misuse, match="used"):
        sign_ups.finish(house, token, PASSWORD)


def said_at_the_door(house: House, email: str, address: str) -> list[tuple[str, int]]:
    """Each statement of somebody's asking, with how many values it carries."""
    said: list[tuple[str, int]] = []

    def heard(_c: object, _cursor: object, statement: str, given: object, *_: object) -> None:
        said.append((" ".join(statement.split()), len(given) if isinstance(given, tuple | dict) else 0))

    event.listen(house.database.engine, "before_cursor_execute", heard)
    try:
        come(house, email, "Somebody", address)
    finally:
        event.remove(house.database.engine, "before_cursor_execute", heard)
    return said


@pytest.mark.on_both
def test_a_stranger_learns_nothing_by_asking(house: House, postbox: Postbox) -> None:
    """The same statements for an address that nobody has, somebody's, one that is shut out, one whose link is
    on its way, and one that is mailed no more for now; none of them asks whose it is."""
    admin = a_person(house, "gone@example.com")
    with house.database.writing() as db:
        keeper = identity.add_person(db, house, "keeper@example.com", "Keeper", PASSWORD, Role.ADMIN)
        identity.disable(db, house, keeper.viewer, admin.id)
    work(house)
    postbox.mails.clear()
    nobodys = said_at_the_door(house, BELA, "10.0.1.1")
    assert len(nobodys) > 1
    assert not any("email =" in statement for statement, _ in nobodys)
    for place, email in enumerate((ASHA, "gone@example.com", BELA, ASHA)):
        assert said_at_the_door(house, email, f"10.0.2.{place}") == nobodys, email
    work(house)
    assert subjects(postbox, BELA) == ["Set up your account"]
    assert subjects(postbox, ASHA) == ["You have an account already"]
    assert "http://localhost:8000/sign-in" in postbox.words_to(ASHA)
    assert postbox.of("gone@example.com") == []
    assert [email for email, _, _ in wishes(house)] == [BELA], "the others' are forgotten at once"
    with house.database.reading() as db:
        results = db.execute(
            select(jobs_table.c.owner_id, jobs_table.c.state, jobs_table.c.result).where(
                jobs_table.c.kind == "sign_up_asked"
            )
        ).all()
    assert {tuple(map(str, row)) for row in results} == {("None", "done", "{}")}, "nor do the jobs tell"


def test_no_job_knows_who_asked_and_nothing_holds_the_token(house: House, postbox: Postbox) -> None:
    come(house)
    with house.database.reading() as db:
        asked = repr(db.execute(select(jobs_table)).all()[-1])
    assert "sign_up_asked" in asked
    assert not any(word in asked for word in (BELA, "Bela"))
    work(house)
    token = postbox.link(BELA).reveal()
    with house.database.reading() as db:
        rows = [*db.execute(select(jobs_table)), *db.execute(select(wishes_table))]
    assert not any(token in repr(tuple(row)) for row in rows)


def test_only_the_newest_link_counts_and_only_for_a_day(house: House, postbox: Postbox) -> None:
    come(house)
    work(house)
    first = postbox.link(BELA)
    later(house)
    come(house)
    with house.database.reading() as db:
        assert sign_ups.pending(db, house, first) is not None, "until the next one is on its way"
    work(house)
    second = postbox.link(BELA)
    assert len(wishes(house)) == 1
    with pytest.raises(Misuse, match="ran out"):
        sign_ups.finish(house, first, PASSWORD)
    clock_of(house).advance(timedelta(hours=24, seconds=1))
    with pytest.raises(Misuse, match="ran out"):
        sign_ups.finish(house, second, PASSWORD)


def test_what_ran_out_is_erased(house: House, postbox: Postbox) -> None:
    def forget() -> None:
        with house.database.writing() as db:
            jobs.ask(db, house, "forget", {}, owner=None)
        work(house)

    come(house)
    work(house)
    clock_of(house).advance(timedelta(hours=23))
    forget()
    assert len(wishes(house)) == 1
    clock_of(house).advance(timedelta(hours=2))
    forget()
    assert wishes(house) == []


def test_a_bad_password_does_not_use_the_link_up(house: House, postbox: Postbox) -> None:
    come(house, name="Tabitha")
    work(house)
    token = postbox.link(BELA)
    for bad in ("short", "password1234", "tabitha2024", BELA):
        with pytest.raises(Misuse) as refused:
            sign_ups.finish(house, token, Secret(bad))
        assert refused.value.field == "password", bad
    assert sign_ups.finish(house, token, PASSWORD, name="Bela Rao").name == "Bela Rao"


def test_an_address_is_mailed_ever_more_rarely_whoever_asks(house: House, postbox: Postbox) -> None:
    """Once in two minutes, three times in an hour, six times in a day; the page says the same each time."""
    for email in (BELA, ASHA):
        for turn in range(4):
            come(house, email, address=f"10.0.{turn}.1")
            come(house, email, address=f"10.0.{turn}.2")
            work(house)
            assert len(postbox.of(email)) == min(turn + 1, 3), (email, turn)
            later(house, email)
        for _ in range(5):
            house.throttle.forget(sign_ups.BY_EMAIL[1], email)
            come(house, email, address="10.0.9.9")
            work(house)
            later(house, email)
        assert len(postbox.of(email)) == 6
    assert len(wishes(house)) == 1, "what is not mailed is not kept"


def test_who_asks_on_and_on_from_one_place_waits(house: House) -> None:
    assert joining.BY_ADDRESS.free is not None
    asked = 0
    with suppress(Retry):
        for asked in range(joining.BY_ADDRESS.times + 1):
            come(house, f"somebody-{asked}@example.com")
    assert joining.BY_ADDRESS.free <= asked <= joining.BY_ADDRESS.times
    come(house, address="10.0.0.2")


def test_a_wish_that_makes_no_sense_is_told_whoever_has_the_address(house: House) -> None:
    for email, name in (("no address", "Bela"), (BELA, " "), (ASHA, " ")):
        with pytest.raises(Misuse):
            sign_ups.come(house, email, name, NONE, "10.0.0.1")
    assert wishes(house) == []


@pytest.mark.on_both
def test_of_two_who_open_a_link_one_comes_in(house: House, postbox: Postbox) -> None:
    come(house)
    work(house)
    token = postbox.link(BELA)

    def open_it(_: int) -> Person | None:
        with suppress(Misuse):
            return sign_ups.finish(house, token, PASSWORD)
        return None

    with ThreadPoolExecutor(2) as pool:
        came = list(pool.map(open_it, range(2)))
    assert sum(one is not None for one in came) == 1


def test_a_mail_server_that_is_away_delays_the_mail_and_loses_none(house: House, postbox: Postbox) -> None:
    away = replace(house, notifiers={ChannelKind.EMAIL: mail(f"smtp://127.0.0.1:{free_port()}")})
    for email in (BELA, ASHA):
        come(away, email)
    waiting = list(bells_of(house))
    work(away)
    assert postbox.mails == []
    assert len(wishes(house)) == 2
    clock_of(house).advance(timedelta(minutes=1))
    for job in waiting:
        jobs.run(house, job)
    assert subjects(postbox, BELA) == ["Set up your account"]
    assert subjects(postbox, ASHA) == ["You have an account already"]
    assert sign_ups.finish(house, postbox.link(BELA), PASSWORD).email == BELA
    assert wishes(house) == []


def test_a_link_ends_once_the_address_came_to_have_an_account(house: House, postbox: Postbox) -> None:
    come(house)
    work(house)
    a_person(house, BELA, Role.MEMBER)
    assert wishes(house) == []
    with pytest.raises(Misuse, match="used"):
        sign_ups.finish(house, postbox.link(BELA), PASSWORD)


def test_a_house_that_closed_meanwhile_lets_nobody_in(house: House, postbox: Postbox) -> None:
    come(house)
    work(house)
    for rule in (SignUp.CLOSED, SignUp.INVITE):
        with pytest.raises(Forbidden):
            sign_ups.finish(replace(house, rules=HouseRules(sign_up=rule)), postbox.link(BELA), PASSWORD)
    assert sign_ups.finish(house, postbox.link(BELA), PASSWORD).email == BELA


def test_who_brings_an_invite_needs_no_link(house: House, postbox: Postbox) -> None:
    """She knows an admin, so she may be told that an address is taken; who makes an invite up may not."""
    with house.database.writing() as db:
        admin = persons.find_by_email(db, ASHA)
        assert admin is not None
        code = identity.invite(db, house, admin[0].viewer, role=Role.READER)
    with pytest.raises(Misuse, match="already has an account"):
        sign_ups.come(house, ASHA, "Asha", PASSWORD, "10.0.0.1", invite=code)
    for email in (ASHA, BELA):
        with pytest.raises(Misuse, match="unknown"):
            sign_ups.come(house, email, "Bela", PASSWORD, "10.0.0.1", invite=Secret("made up"))
    person = sign_ups.come(house, BELA, "Bela", PASSWORD, "10.0.0.1", invite=code)
    assert person is not None
    assert person.role is Role.READER


def test_where_no_mail_goes_an_account_is_made_at_once(house: House, postbox: Postbox) -> None:
    silent = replace(house, notifiers={})
    person = sign_ups.come(silent, BELA, "Bela", PASSWORD, "10.0.0.1")
    assert person is not None
    with pytest.raises(Misuse, match="already has an account"):
        sign_ups.come(silent, BELA, "Bela", PASSWORD, "10.0.0.1")
    work(silent)
    assert postbox.mails == []


def test_the_first_person_of_a_house_needs_no_link(migrated_url: str, postbox: Postbox) -> None:
    with taken_in(postbox) as address, a_house(migrated_url, HouseRules(sign_up=SignUp.OPEN)) as empty:
        mailing = replace(empty, notifiers={ChannelKind.EMAIL: mail(address)})
        person = sign_ups.come(mailing, ASHA, "Asha", PASSWORD, "10.0.0.1")
        assert person is not None
        assert person.role is Role.ADMIN
        assert sign_ups.come(mailing, BELA, "Bela", PASSWORD, "10.0.0.1") is None
