"""What a deed was about in another's books is withheld from admins; one entry at a time is opened, openly.

Each opening stands in the activity of the person whose entry it is, and she is told. Rules:
docs/spec/activity.md.
"""

from __future__ import annotations

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AuditId, PersonId
from tunefolio.core.notice import Notice, Urgency
from tunefolio.core.people import Viewer
from tunefolio.core.time import IST
from tunefolio.services import audit
from tunefolio.services.acts import Act, words_of
from tunefolio.services.deliver import tell
from tunefolio.services.house import House
from tunefolio.store import audit as rows
from tunefolio.store.audit import AuditEntry
from tunefolio.store.db import WriteDb
from tunefolio.store.notices import Draft

NOTICE, PAGE = "admin_read", "/activity"
"""The kind of the notice to whose entry was opened, and where it leads."""
_TITLE = "An admin read what a deed of yours was about"


def read_entry(db: WriteDb, house: House, admin: Viewer, id: AuditId) -> AuditEntry:
    """The entry with what it was about; each reading is noted and told, the second as the first.

    Raises Forbidden for all but admins, NotFound, and Misuse for an entry of which nothing is withheld.
    """
    entry = rows.entry_of(db, admin, id)
    if not audit.is_withheld(admin, entry):
        raise Misuse("entry", "is not withheld from you", cure="The log itself says all of it")
    told = {"name": words_of(entry.action), "of": entry.at}
    read = audit.note(db, house, admin, Act.ENTRY_READ, f"audit:{id}", told, about=entry.owner)
    if entry.owner is not None and read is not None:
        _tell(db, house, entry, entry.owner, read)
    return entry


def _tell(db: WriteDb, house: House, entry: AuditEntry, owner: PersonId, read: AuditId) -> None:
    """One notice for each reading. What the entry says stays out of it, for it may travel by mail; so does
    the admin's name, which the activity tells as long as she has one."""
    at = f"{entry.at.in_zone(IST):%-d %b %Y, %H:%M}"
    text = (
        f"The entry “{words_of(entry.action)}” of {at} India time. Who read it, and when, stands in your"
        " activity."
    )
    now = house.clock.now()
    notice = Notice(owner, Urgency.INFO, _TITLE, text, now, PAGE, f"{NOTICE}:{read}")
    tell(db, house, [Draft(notice, NOTICE)])
