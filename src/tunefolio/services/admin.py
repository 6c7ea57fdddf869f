"""What an admin sees and does: the people of the house, invites, everyone's jobs and the timetable.

An admin sees that people exist and that jobs ran, never what anyone owns.
"""

from __future__ import annotations

from dataclasses import dataclass

from tunefolio.core.identity import InviteId, JobId, PersonId
from tunefolio.core.people import Person, Viewer
from tunefolio.services import timetable
from tunefolio.services.house import House
from tunefolio.services.timetable import Duty
from tunefolio.store import invites, jobs, persons
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.invites import Invite
from tunefolio.store.jobs import Job, JobState


@dataclass(frozen=True, slots=True)
class JobsOverview:
    """Newest jobs of everyone, how many of those are in which state, and the timetable."""

    jobs: tuple[Job, ...]
    counts: dict[JobState, int]
    duties: tuple[Duty, ...]


def people(db: ReadDb, admin: Viewer, after: PersonId | None = None, limit: int = 50) -> list[Person]:
    """Everybody, by id, a page at a time; raises Forbidden for all but admins."""
    admin.must_administer()
    return persons.listed(db, admin, after, limit)


def open_invites(db: ReadDb, house: House, admin: Viewer) -> list[Invite]:
    """The admin's invites that can still be used."""
    now = house.clock.now()
    return [one for one in invites.listed(db, admin) if one.used is None and one.expires > now]


def revoke_invite(db: WriteDb, admin: Viewer, invite: InviteId) -> bool:
    """Take back an unused invite; whether there was one."""
    admin.must_administer()
    return invites.revoke(db, admin, invite)


def jobs_overview(
    db: ReadDb, house: House, admin: Viewer, before: JobId | None = None, limit: int = 50
) -> JobsOverview:
    """What the house works on and will do next; raises Forbidden for all but admins."""
    admin.must_administer()
    page = tuple(jobs.page_all(db, admin, before, limit))
    counts = {state: sum(1 for job in page if job.state is state) for state in JobState}
    return JobsOverview(page, counts, tuple(timetable.entries(house, house.clock.now())))
