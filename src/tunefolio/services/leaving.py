"""A person deletes her account: secrets go at once, everything else after a time of grace.

Until then she can sign in as ever, sees nothing but that, and may take it back, unless the operator did it;
what was destroyed stays destroyed.
The erasure is one transaction: killed at any moment it is all to do or all done. Rules: docs/spec/leaving.md.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, assert_never

from tunefolio.core.errors import Forbidden, Misuse, TunefolioError
from tunefolio.core.identity import PersonId, SessionId
from tunefolio.core.people import Caretaker, Person, Role, Viewer
from tunefolio.core.time import IST, Instant
from tunefolio.services import audit, export_person, mails
from tunefolio.services.audit import Act
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, deed
from tunefolio.store import audit as log
from tunefolio.store import erasure_person, exports, persons, sessions
from tunefolio.store.audit import AuditFilter, Place
from tunefolio.store.db import ReadDb, WriteDb

_log = logging.getLogger(__name__)
_CARE: Final = Caretaker("leaving")
_BY_THE_HOUSE: Final = Place("", "the timetable")


class AskedBy(StrEnum):
    """Who wanted an account deleted: its person, or the operator, whose deed she cannot undo."""

    HERSELF = "herself"
    OPERATOR = "operator"


class Leaving(TunefolioError):
    """Your account is being deleted."""

    def __init__(self, erase: Instant) -> None:
        super().__init__(f"Its erasure is due on {_day(erase)}. Nothing else opens until you take that back.")


def leave(db: WriteDb, house: House, viewer: Viewer, *, typed: str, but: SessionId | None = None) -> Instant:
    """The viewer deletes her account; returns when it will be erased. Whoever calls has asked for a proof.

    typed: her e-mail, once more. but: the session that stays open, so that she sees what follows.
    Raises Misuse for another e-mail, and for the last admin.
    """
    person = persons.person_of(db, viewer.person)
    if typed.strip().lower() != person.email:
        raise Misuse("email", "is not the one you sign in with", cure=f"Type {person.email}")
    return _depart(db, house, viewer, person, but)


def dismiss(db: WriteDb, house: House, operator: Viewer, person: Person) -> Instant:
    """The operator deletes somebody's account, with the same time of grace. Raises Forbidden, Misuse."""
    operator.must_administer()
    return _depart(db, house, operator, person, None)


def _depart(db: WriteDb, house: House, by: Viewer, person: Person, but: SessionId | None) -> Instant:
    if person.leaving is not None:
        if by != person.viewer and asked_by(db, person.viewer) is AskedBy.HERSELF:
            _note(db, house, by, person, person.leaving)
        return person.leaving
    must_not_be_last(db, person)
    now = house.clock.now()
    erase = now + house.rules.grace
    with erasure_person.overwriting(db):
        sessions.end_all(db, person.viewer, now, but=but)
        erasure_person.destroy_secrets(db, person.viewer)
        erasure_person.end_work(db, person.viewer, now)
        erasure_person.end_received(db, _CARE, person.id, now)
    persons.set_leaving(db, person.viewer, erase)
    _say(db, house, person, erase, AskedBy.HERSELF if by == person.viewer else AskedBy.OPERATOR)
    _note(db, house, by, person, erase)
    _log.info("a person leaves", extra={"person": person.id, "by": by.person})
    return erase


def _note(db: WriteDb, house: House, by: Viewer, person: Person, erase: Instant) -> None:
    told = {"erased_on": _day(erase)}
    audit.note(db, house, by, Act.LEAVING, f"person:{person.id}", told, about=person.id)


def asked_by(db: ReadDb, viewer: Viewer) -> AskedBy:
    """Who wanted the account of somebody deleted who is leaving, by the last such entry in her activity."""
    last = log.page(db, viewer, None, 1, AuditFilter(action=Act.LEAVING))
    return AskedBy.HERSELF if last and last[0].actor == viewer.person else AskedBy.OPERATOR


def stay(db: WriteDb, house: House, viewer: Viewer) -> None:
    """Taken back: the account stays. Raises Misuse for somebody who is not leaving, Forbidden for whom the
    operator lets go."""
    person = _leaver(db, viewer)
    if asked_by(db, viewer) is AskedBy.OPERATOR:
        reason = "The operator of this house deletes your account, and alone can take it back"
        raise Forbidden(reason=reason, cure="Ask the operator")
    _keep(db, house, viewer, person)


def retain(db: WriteDb, house: House, operator: Viewer, person: Person) -> None:
    """The operator takes it back, whoever asked for it. Raises Forbidden, and Misuse as `stay`."""
    operator.must_administer()
    _keep(db, house, operator, _leaver(db, person.viewer))


def _leaver(db: ReadDb, viewer: Viewer) -> Person:
    person = persons.person_of(db, viewer.person)
    if person.leaving is None:
        raise Misuse("account", "is not being deleted")
    return person


def _keep(db: WriteDb, house: House, by: Viewer, person: Person) -> None:
    persons.set_leaving(db, person.viewer, None)
    audit.note(db, house, by, Act.STAYING, f"person:{person.id}", about=person.id)
    text = "Nothing of your books was lost. Link brokers and channels anew where you want them."
    key = f"stays:{house.clock.now().iso()}"
    mails.tell_news(db, house, person.viewer, "Your account stays", text, key=key)


def must_be_free_to_export(db: ReadDb, person: Person) -> None:
    """Who deletes her account has taken her export along before, or not; whom the operator lets go was not
    asked, and may begin one still. Raises Leaving."""
    if person.leaving is not None and asked_by(db, person.viewer) is AskedBy.HERSELF:
        raise Leaving(person.leaving)


def erase(house: House, id: PersonId, *, by: Viewer | None = None) -> bool:
    """Erase a person with everything that is hers, now; False when there was nothing left to erase.

    by: the operator, who need not wait for the end of the grace; None: the house, which does.
    Raises NotFound, Forbidden, Misuse for the last admin while others live here.
    """
    if by is not None:
        by.must_administer()
    with house.database.writing() as db, erasure_person.overwriting(db):
        person = persons.person_of(db, id)
        now = house.clock.now()
        if by is None and (person.leaving is None or now < person.leaving):
            return False
        if persons.count(db) > 1:
            must_not_be_last(db, person)
        _erase(db, house, person, now, by)
    _empty_the_log_file(house)
    _log.info("a person was erased", extra={"person": id})
    return True


def _erase(db: WriteDb, house: House, person: Person, now: Instant, by: Viewer | None) -> None:
    viewer = person.viewer
    sessions.end_all(db, viewer, now, but=None)
    erasure_person.end_received(db, _CARE, person.id, now)
    erasure_person.erase_traces(db, _CARE, person)
    erasure_person.erase_rows(db, viewer)
    erasure_person.anonymise(db, _CARE, person.id, now)
    subject = f"person:{person.id}"
    if by is None:
        log.add_about(db, None, None, Act.ERASED, subject, {}, place=_BY_THE_HOUSE, now=now)
    else:
        audit.note(db, house, by, Act.ERASED, subject)


@deed("erase_leavers")
def erase_leavers(house: House, work: Work) -> Mapping[str, Any]:
    """Erase everybody whose grace is over, each in a transaction of her own, and exports past their day.

    The last admin, who was not that when she asked, stays until there is another; the job says so.
    """
    keeper, now = Caretaker(work.job.kind), house.clock.now()
    with house.database.writing() as db:
        stale = exports.forget_expired(db, keeper, now - 2 * export_person.LIFE)
    with house.database.reading() as db:
        waiting = persons.leavers(db, keeper, now)
    erased, held = 0, 0
    for done, id in enumerate(waiting, 1):
        work.check()
        try:
            erased += erase(house, id)
        except Misuse:
            held += 1
        work.progress(done, len(waiting))
    return {"erased": erased, "last_admins": held, "exports": stale}


def must_not_be_last(db: ReadDb, person: Person) -> None:
    """Raises Misuse when nobody would be left to run the house. Where it decides, it decides once."""
    if isinstance(db, WriteDb):
        persons.one_at_a_time(db)
    others = [id for id in persons.admins(db, _CARE) if id != person.id]
    if person.role is Role.ADMIN and person.disabled is None and not others:
        raise Misuse(
            "account",
            "is the last admin's",
            cure="Make somebody else admin first; a house is ended by `tunefolio user delete EMAIL --now`",
        )


def _say(db: WriteDb, house: House, person: Person, erase: Instant, asked: AskedBy) -> None:
    """After everything that waited was cancelled: this mail is still sent."""
    is_at_once = erase <= house.clock.now()
    when = "within a day, with no time of grace" if is_at_once else f"on {_day(erase)}"
    until = "As long as it is there" if is_at_once else "Until then"
    text = (
        f"Your account and everything in it will be erased {when}. Links to brokers, keys and tokens are "
        "forgotten already. "
    )
    match asked:
        case AskedBy.HERSELF:
            text += (
                f"{until} you can sign in as you always do and take it back. If that was not you, do so at "
                "once and set a new password."
            )
        case AskedBy.OPERATOR:
            text += (
                f"The operator of this house did that. {until} you can sign in as you always do and take "
                "your books along."
            )
        case _:
            assert_never(asked)
    title = "Your account will be deleted"
    mails.tell_news(db, house, person.viewer, title, text, key=f"leaves:{erase.iso()}")


def _day(at: Instant) -> str:
    return f"{at.in_zone(IST):%-d %B %Y}"


def _empty_the_log_file(house: House) -> None:
    """SQLite's write-ahead log holds pages as they were before; once it is written back it is cut to nothing.
    While somebody reads an older state it stays, and goes with the next one."""
    if house.database.dialect == "sqlite":
        with house.database.engine.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
