"""What an admin sees and does: people, portfolios, accounts and their links, jobs; and what she may not, and
why.

An admin sees that people, accounts and jobs are there and how they fare, never a name that a person gave,
never what anyone owns: for that she needs a grant as everyone does. Every deed here is in the audit log.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from tunefolio.core.errors import Forbidden, Misuse, NotFound
from tunefolio.core.identity import AccountId, InviteId, JobId, PersonId, PortfolioId
from tunefolio.core.people import Person, Role, Viewer
from tunefolio.services import audit, timetable
from tunefolio.services import jobs as deeds
from tunefolio.services.audit import Act
from tunefolio.services.house import House
from tunefolio.services.timetable import Duty
from tunefolio.store import admin as rows
from tunefolio.store import events, invites, jobs, personal_tokens, persons, sessions, standings
from tunefolio.store.admin import AccountFilter, AccountRow, JobFilter, PersonRow, PortfolioRow
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.invites import Invite
from tunefolio.store.jobs import Job, JobState
from tunefolio.store.standings import BrokerStanding, Standing

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobsOverview:
    """Newest jobs of everyone, how many of those are in which state, and the timetable."""

    jobs: tuple[Job, ...]
    counts: dict[JobState, int]
    duties: tuple[Duty, ...]


@dataclass(frozen=True, slots=True)
class BrokerRow:
    """A broker of the house: how it serves, and how many accounts are linked in which state."""

    name: str
    title: str
    standing: Standing
    kept: BrokerStanding | None
    links: Mapping[str, int]


class Refused(StrEnum):
    """What not even an admin may do here: the facts are others', or are facts."""

    DELETE_PERSON = "delete_person"
    DELETE_PORTFOLIO = "delete_portfolio"
    DELETE_ACCOUNT = "delete_account"
    SEE_HOLDINGS = "see_holdings"
    CHANGE_FACTS = "change_facts"
    DELETE_INSTRUMENT = "delete_instrument"
    CHANGE_AUDIT = "change_audit"
    READ_SECRETS = "read_secrets"


REFUSALS: Mapping[Refused, tuple[str, str]] = {
    Refused.DELETE_PERSON: (
        "Nobody is deleted from here: an account is its person's to delete, with its export in hand",
        "Disable her: she is shut out at once and nothing is lost; or, on the machine, tunefolio user delete",
    ),
    Refused.DELETE_PORTFOLIO: (
        "A portfolio belongs to its owner, who alone can delete it, with its export in hand",
        "Ask its owner to delete it under Portfolios",
    ),
    Refused.DELETE_ACCOUNT: (
        "An account belongs to its owner, who alone can delete it, with its export in hand",
        "Ask its owner to delete it under Portfolios, or stop its broker here",
    ),
    Refused.SEE_HOLDINGS: (
        "What others hold is theirs, also for an admin",
        "Ask the owner for a grant: she gives it under Family",
    ),
    Refused.CHANGE_FACTS: (
        "Transactions, statements and snapshots are facts: nobody changes them, their owner adds others",
        "Ask the owner to reverse the transaction and record the right one",
    ),
    Refused.DELETE_INSTRUMENT: (
        "Facts speak of an instrument, so it stays",
        "Correct its name or sector here; what nobody holds or watches is no longer fetched by itself",
    ),
    Refused.CHANGE_AUDIT: (
        "The audit log is only ever added to; the database itself refuses the rest",
        "Do what is right now: that will stand beside it",
    ),
    Refused.READ_SECRETS: (
        "Credentials and keys are sealed and never shown again, to nobody",
        "Their owner enters new ones under Brokers",
    ),
}
"""Why not, and what to do instead."""


def refuse(what: Refused, id: int | None = None) -> NoReturn:
    """Raises Forbidden that says why and what to do instead. id: of what it was asked for."""
    _log.info("refused even to an admin", extra={"deed": what.value, "id": id})
    problem, cure = REFUSALS[what]
    raise Forbidden(cure=cure, reason=problem)


def people(db: ReadDb, admin: Viewer, after: PersonId | None = None, limit: int = 50) -> list[Person]:
    """Everybody, by id, a page at a time; raises Forbidden for all but admins."""
    admin.must_administer()
    return persons.listed(db, admin, after, limit)


def open_invites(
    db: ReadDb, house: House, admin: Viewer, before: InviteId | None, limit: int
) -> list[Invite]:
    """The admin's invites that can still be used, newest first; each lasts a week, so they are few."""
    now = house.clock.now()
    usable = (one for one in invites.listed(db, admin) if one.used is None and one.expires > now)
    return [one for one in usable if before is None or one.id < before][:limit]


def revoke_invite(db: WriteDb, house: House, admin: Viewer, invite: InviteId) -> None:
    """Take back an unused invite of the admin's. Raises Forbidden, NotFound."""
    admin.must_administer()
    found = next((one for one in invites.listed(db, admin) if one.id == invite), None)
    if found is None or not invites.revoke(db, admin, invite):
        raise NotFound("invite")
    told = {"email": found.email, "role": found.role.value}
    audit.note(db, house, admin, Act.INVITE_REVOKED, f"invite:{invite}", told)


def jobs_overview(
    db: ReadDb, house: House, admin: Viewer, before: JobId | None = None, limit: int = 50
) -> JobsOverview:
    """What the house works on and will do next; raises Forbidden for all but admins."""
    admin.must_administer()
    page = tuple(jobs.page_all(db, admin, before, limit))
    counts = {state: sum(1 for job in page if job.state is state) for state in JobState}
    return JobsOverview(page, counts, tuple(timetable.entries(house, house.clock.now())))


def users(db: ReadDb, house: House, admin: Viewer, after: PersonId | None, limit: int) -> list[PersonRow]:
    """Everybody with counts, in the order they came; raises Forbidden for all but admins."""
    return rows.people(db, admin, house.clock.now(), after, limit)


def user(db: ReadDb, house: House, admin: Viewer, id: PersonId) -> PersonRow:
    """One of them; raises Forbidden, NotFound."""
    found = rows.people(db, admin, house.clock.now(), PersonId(id - 1), 1)
    if not found or found[0].person.id != id:
        raise NotFound("person")
    return found[0]


def names(db: ReadDb, admin: Viewer, people: list[PersonId]) -> dict[PersonId, str]:
    """What these people are called, for lists that name owners."""
    return rows.names(db, admin, people)


def sign_out_everywhere(db: WriteDb, house: House, admin: Viewer, person: PersonId) -> int:
    """End every session of a person, the admin's own too, if it is she; how many. Personal tokens stay open:
    `end_tokens` is for those. Raises NotFound."""
    admin.must_administer()
    found = persons.person_of(db, person)
    ended = sessions.end_all(db, found.viewer, house.clock.now(), but=None)
    audit.note(db, house, admin, Act.DEVICES_ENDED, f"person:{person}", {"ended": ended}, about=person)
    return ended


def end_tokens(db: WriteDb, house: House, admin: Viewer, person: PersonId) -> int:
    """Revoke every personal token of a person; how many. Raises Forbidden, NotFound."""
    admin.must_administer()
    found = persons.person_of(db, person)
    revoked = personal_tokens.revoke_all(db, found.viewer, house.clock.now())
    told = {"revoked": revoked}
    audit.note(db, house, admin, Act.TOKEN_REVOKED, f"person:{person}", told, about=person)
    return revoked


def portfolios(
    db: ReadDb, admin: Viewer, owner: PersonId | None, before: PortfolioId | None, limit: int
) -> list[PortfolioRow]:
    """Everyone's portfolios, counts only, newest first; raises Forbidden."""
    return rows.all_portfolios(db, admin, owner, before, limit)


def accounts(
    db: ReadDb, admin: Viewer, chosen: AccountFilter, before: AccountId | None, limit: int
) -> list[AccountRow]:
    """Everyone's accounts and the health of their links, counts only, newest first; raises Forbidden."""
    return rows.all_accounts(db, admin, chosen, before, limit)


def brokers(db: ReadDb, house: House, admin: Viewer) -> list[BrokerRow]:
    """Every broker of the house, and those that accounts are still linked to though they are gone; by
    name."""
    links, kept = rows.links_by_broker(db, admin), standings.all_kept(db)
    return [
        BrokerRow(
            name,
            house.brokers[name].title if name in house.brokers else name,
            kept[name].standing if name in kept else Standing.OPEN,
            kept.get(name),
            links.get(name, {}),
        )
        for name in sorted({*house.brokers, *links})
    ]


def job_history(db: ReadDb, admin: Viewer, chosen: JobFilter, before: JobId | None, limit: int) -> list[Job]:
    """Everyone's jobs and the house's own, newest first. Raises Misuse for a kind that there is not,
    Forbidden."""
    if chosen.kind and chosen.kind not in deeds.DEEDS:
        known = ", ".join(deeds.DEEDS.names())
        raise Misuse("kind", f"{chosen.kind!r} is no kind of job", cure=f"Known: {known}")
    return rows.all_jobs(db, admin, chosen, before, limit)


def retry(db: WriteDb, house: House, admin: Viewer, job: JobId) -> JobId:
    """Ask again for what failed or was cancelled: a new job for the same owner, or the open one of its key;
    the old row stays as history. Raises Forbidden, NotFound, Misuse."""
    former = rows.job_of(db, admin, job)
    if former.state not in {JobState.FAILED, JobState.CANCELLED}:
        raise Misuse(
            "job", f"is {former.state}, not failed", cure="Only a failed or cancelled one is asked again"
        )
    if former.kind not in deeds.DEEDS:
        raise Misuse("job", f"{former.kind!r} is no kind of job any more", cure="Nothing can do it")
    made = deeds.ask(db, house, former.kind, former.args, owner=former.owner, dedupe_key=former.dedupe_key)
    told = {"kind": former.kind, "again": made}
    audit.note(db, house, admin, Act.JOB_RETRIED, f"job:{job}", told, about=former.owner)
    return made


def cancel(db: WriteDb, house: House, admin: Viewer, job: JobId) -> None:
    """Stop a waiting job at once, a running one at its next check, whosever it is. Raises NotFound,
    Misuse."""
    found = rows.job_of(db, admin, job)
    if not rows.request_cancel(db, admin, job, house.clock.now()):
        raise Misuse("job", f"is {found.state} already", cure="Nothing is left to cancel")
    audit.note(db, house, admin, Act.JOB_CANCELLED, f"job:{job}", {"kind": found.kind}, about=found.owner)
    events.emit(db, house.bus, events.Event("jobs", found.owner, (job,)))


ROLES: Mapping[Role, str] = {
    Role.ADMIN: "Runs the house: people, brokers, jobs, corrections. Keeps books of her own, sees no others.",
    Role.MEMBER: "Keeps books of her own: portfolios, accounts, brokers, imports, alerts. Sees only her own.",
    Role.READER: "Sees her own books and changes nothing in them but her sign-in.",
}
"""What each role may do, in words."""
