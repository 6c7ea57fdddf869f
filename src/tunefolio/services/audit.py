"""The audit log: security-relevant deeds of anyone and every deed of an admin, written with the deed itself.

An entry stands in the part of the person it concerns. Where a request came from travels beside the call
(`request_from`), so that a deed need not know of requests. Rules: docs/spec/admin.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from tunefolio.core.identity import AuditId, PersonId
from tunefolio.core.people import Viewer
from tunefolio.services.house import House
from tunefolio.store import audit as rows
from tunefolio.store.audit import AuditEntry, AuditFilter, Place
from tunefolio.store.db import ReadDb, WriteDb

Plain = str | int | bool | None
GROUPED = timedelta(minutes=15)
"""Refused sign-ins of one person and address within this time are one entry with a count."""


CONSOLE = PersonId(0)
"""Whom the operator's command line acts as: nobody of the house, so its deeds have a place and no person."""
AT_CONSOLE = Place("", "the operator's command line")


class Act(StrEnum):
    """What can stand in the log. The word before the point is the group that lists filter by."""

    SIGNED_IN = "sign_in.done"
    SIGN_IN_REFUSED = rows.REFUSED
    SIGNED_OUT = "sign_in.ended"
    DEVICES_ENDED = "sign_in.devices_ended"
    FACTOR_ON = "factor.on"
    FACTOR_OFF = "factor.off"
    CODES_RENEWED = "factor.codes_renewed"
    RECOVERY_CODE_USED = "factor.recovery_code_used"
    PASSKEY_ADDED = "factor.passkey_added"
    PASSKEY_FORGOTTEN = "factor.passkey_forgotten"
    PASSKEY_REFUSED = "factor.passkey_refused"
    JOINED = "person.joined"
    PASSWORD_CHANGED = "person.password_changed"
    PASSWORD_RESET = "person.password_reset"
    RESET_ASKED = "person.reset_asked"
    EMAIL_VERIFIED = "person.email_verified"
    EMAIL_CHANGED = "person.email_changed"
    ROLE_CHANGED = "person.role_changed"
    DISABLED = "person.disabled"
    ENABLED = "person.enabled"
    EXPORTED = "person.exported"
    LEAVING = "person.leaving"
    STAYING = "person.staying"
    ERASED = "person.erased"
    INVITED = "invite.made"
    INVITE_REVOKED = "invite.revoked"
    PROVED = "admin.unlocked"
    PROOF_REFUSED = "admin.unlock_refused"
    ADMIN_DEED = "admin.deed"
    BROKER_LINKED = "broker.linked"
    BROKER_UNLINKED = "broker.unlinked"
    BROKER_STANDING = "broker.standing"
    CREDENTIALS_KEPT = "credentials.kept"
    APP_KEPT = "credentials.app_kept"
    APP_FORGOTTEN = "credentials.app_forgotten"
    AUTOMATIC_STOPPED = "credentials.automatic_stopped"
    JOB_RETRIED = "job.retried"
    JOB_CANCELLED = "job.cancelled"
    CORRECTED = "instrument.corrected"
    CORRECTION_CLEARED = "instrument.correction_cleared"
    BARS_SETTLED = "quarantine.settled"
    CALENDAR_SAID = "calendar.said"
    CALENDAR_UNDONE = "calendar.undone"
    GRANT_OFFERED = "grant.offered"
    GRANT_ACCEPTED = "grant.accepted"
    GRANT_REVOKED = "grant.revoked"
    GRANT_LEFT = "grant.left"
    LINK_MADE = "grant.link_made"
    LINK_REVOKED = "grant.link_revoked"
    TOKEN_MADE = "token.made"
    TOKEN_REVOKED = "token.revoked"
    TOKEN_REUSED = "token.reused"
    KEY_CHANGED = "token.key_changed"
    PAN_KEPT = "taxpayer.pan_kept"
    PAN_FORGOTTEN = "taxpayer.pan_forgotten"


GROUPS = tuple(dict.fromkeys(f"{act.value.partition('.')[0]}." for act in Act))


@dataclass(slots=True)
class _Request:
    """The request being served; spoken: whether a deed of its has been noted."""

    place: Place
    spoken: bool = field(default=False)


_request: ContextVar[_Request | None] = ContextVar("tunefolio_audit_request", default=None)


def request_from(place: Place) -> None:
    """What follows in this context is done by a request from there."""
    _request.set(_Request(place))


def note(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    act: Act,
    subject: str = "",
    details: Mapping[str, object] | None = None,
    *,
    about: PersonId | None = None,
) -> AuditId:
    """Keep a deed of the viewer in the transaction of the deed. subject: `account:12`, `broker:zerodha`.

    details: what was and what is, as plain values; raises TypeError for a Secret or anything else.
    about: whose part it belongs to, when that is another person's.
    """
    plain = {name: _plain(name, value) for name, value in (details or {}).items()}
    request = _request.get()
    place = Place() if request is None else request.place
    if request is not None:
        request.spoken = True
    now = house.clock.now()
    if viewer.person == CONSOLE:
        return rows.add_about(db, about, None, act, subject, plain, place=AT_CONSOLE, now=now)
    if about is None or about == viewer.person:
        return rows.add(db, viewer, act, subject, plain, place=place, now=now)
    return rows.add_about(db, about, viewer.person, act, subject, plain, place=place, now=now)


def note_refused(db: WriteDb, house: House, person: PersonId | None, address: str) -> None:
    """A sign-in was refused; person None: nobody has that e-mail. The e-mail itself is not kept."""
    request = _request.get()
    device = "" if request is None else request.place.device
    now = house.clock.now()
    rows.add_refused(db, person, Place(address, device), now, now - GROUPED)


def note_unspoken(db: WriteDb, house: House, admin: Viewer, method: str, path: str) -> None:
    """An admin's deed that no service has noted: at least which route it was."""
    request = _request.get()
    if request is None or not request.spoken:
        note(db, house, admin, Act.ADMIN_DEED, f"{method} {path}"[:200])


def mine(db: ReadDb, viewer: Viewer, before: AuditId | None, limit: int) -> list[AuditEntry]:
    """What the viewer did and what was done to her, newest first."""
    return rows.page(db, viewer, before, limit)


def everyones(
    db: ReadDb, admin: Viewer, chosen: AuditFilter, before: AuditId | None, limit: int
) -> list[AuditEntry]:
    """The whole log, newest first; raises Forbidden for all but admins."""
    return rows.page_all(db, admin, chosen, before, limit)


def _plain(name: str, value: object) -> Plain:
    if value is None or isinstance(value, str | int | bool):
        return value if not isinstance(value, str) else str(value)[:500]
    raise TypeError(f"{name}: the audit log keeps plain values, not {type(value).__name__}")
