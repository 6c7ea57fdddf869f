"""What a deed is called in the activity: the name it is kept by, its words for a person, and its group.

The word before the point is the group that lists filter by. A name once kept is never given to another deed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from tunefolio.store.audit import REFUSED


class Act(StrEnum):
    """One kind of deed. words: what was done, as a sentence begins that goes on with what it was done to."""

    words: str

    def __new__(cls, value: str, words: str) -> Self:
        one = str.__new__(cls, value)
        one._value_ = value
        one.words = words
        return one

    SIGNED_IN = "sign_in.done", "Signed in"
    SIGN_IN_REFUSED = REFUSED, "A sign-in was refused"
    SIGNED_OUT = "sign_in.ended", "Signed out"
    DEVICES_ENDED = "sign_in.devices_ended", "Signed out other devices"

    FACTOR_ON = "factor.on", "Turned the authenticator on"
    FACTOR_OFF = "factor.off", "Turned the authenticator off"
    CODES_RENEWED = "factor.codes_renewed", "Made new recovery codes"
    RECOVERY_CODE_USED = "factor.recovery_code_used", "Signed in by a recovery code"
    PASSKEY_ADDED = "factor.passkey_added", "Added passkey"
    PASSKEY_RENAMED = "factor.passkey_renamed", "Renamed passkey"
    PASSKEY_FORGOTTEN = "factor.passkey_forgotten", "Forgot passkey"
    IDENTITY_LINKED = "factor.identity_linked", "Linked the account elsewhere"
    IDENTITY_UNLINKED = "factor.identity_unlinked", "Unlinked the account elsewhere"
    PASSKEY_REFUSED = "factor.passkey_refused", "A copied passkey was refused"

    JOINED = "person.joined", "Joined the house"
    RENAMED = "person.renamed", "Changed the own name"
    APPEARANCE = "person.appearance", "Changed the appearance"
    PASSWORD_CHANGED = "person.password_changed", "Changed the password"
    PASSWORD_RESET = "person.password_reset", "Set a new password"
    RESET_ASKED = "person.reset_asked", "Asked for a link to a new password"
    VERIFICATION_ASKED = "person.verification_asked", "Asked for a link that confirms the e-mail address"
    EMAIL_CHANGE_ASKED = "person.email_change_asked", "Asked to change the e-mail address"
    LINK_SHOWN = "person.link_shown", "The operator was shown a link that was waited for:"
    EMAIL_VERIFIED = "person.email_verified", "Confirmed the e-mail address"
    EMAIL_CHANGED = "person.email_changed", "Changed the e-mail address"
    ROLE_CHANGED = "person.role_changed", "Changed the role"
    DISABLED = "person.disabled", "Shut out"
    ENABLED = "person.enabled", "Let in again"
    EXPORTED = "person.exported", "Asked for an export of everything"
    LEAVING = "person.leaving", "Began to leave"
    STAYING = "person.staying", "Stays after all"
    ERASED = "person.erased", "Erased for good"
    INVITED = "invite.made", "Invited"
    INVITE_REVOKED = "invite.revoked", "Took back the invitation"

    PROVED = "admin.unlocked", "Proved to be the person of this sign-in"
    PROOF_REFUSED = "admin.unlock_refused", "A proof was refused"
    ENTRY_READ = "admin.read_entry", "An admin read what this was about:"
    SEALED_ANEW = "admin.sealed_anew", "Changed the key that seals credentials"
    ADMIN_DEED = "admin.deed", "Did something for the house by"
    DEED = "own.deed", "Did something by"

    PORTFOLIO_MADE = "portfolio.made", "Made portfolio"
    PORTFOLIO_RENAMED = "portfolio.renamed", "Renamed portfolio"
    PORTFOLIO_ARCHIVED = "portfolio.archived", "Archived portfolio"
    PORTFOLIO_RESTORED = "portfolio.restored", "Restored portfolio"
    PORTFOLIO_DELETED = "portfolio.deleted", "Deleted portfolio"

    ACCOUNT_MADE = "account.made", "Made account"
    ACCOUNT_RENAMED = "account.renamed", "Renamed account"
    ACCOUNT_MOVED = "account.moved", "Moved account to another portfolio"
    ACCOUNT_METHOD = "account.lot_method", "Changed which lots are sold first in"
    ACCOUNT_ARCHIVED = "account.archived", "Archived account"
    ACCOUNT_RESTORED = "account.restored", "Restored account"
    ACCOUNT_DELETED = "account.deleted", "Deleted account"

    FACT_RECORDED = "transaction.recorded", "Recorded"
    FACTS_RECORDED = "transaction.recorded_many", "Recorded transactions"
    FACT_CORRECTED = "transaction.corrected", "Corrected"
    FACT_TAKEN_BACK = "transaction.taken_back", "Took back"
    FACTS_TAKEN_BACK = "transaction.taken_back_many", "Took back transactions"
    FACTS_TAGGED = "transaction.tagged", "Changed tags of transactions"
    DEPOSIT_OPENED = "transaction.deposit_opened", "Opened deposit"

    FILE_KEPT = "import.file_kept", "Sent file"
    COLUMNS_NAMED = "import.columns_named", "Said what the columns mean of"
    COLUMNS_FORGOTTEN = "import.columns_forgotten", "Forgot what columns mean"
    IMPORT_ASKED = "import.asked", "Asked to import"
    IMPORTED = "import.done", "Imported"
    IMPORT_UNDONE = "import.undone", "Took back the import of"
    BOOK_READ = "import.book", "Read text book"

    SYNC_ASKED = "sync.asked", "Asked for a sync of"
    SYNCED = "sync.done", "The broker's statement changed"
    BREAK_REPAIRED = "break.repaired", "Repaired a difference in"
    ACTION_APPLIED = "action.applied", "Applied corporate action"
    ACTION_DECLINED = "action.declined", "Declined corporate action"
    ACTION_UNDONE = "action.undone", "Undid corporate action"
    ACTIONS_ASKED = "action.asked", "Asked for a look at all corporate actions"
    SNAPSHOT_TAKEN = "snapshot.taken", "Took snapshots"

    ALERT_MADE = "alert.made", "Made alert"
    ALERT_CHANGED = "alert.changed", "Changed alert"
    ALERT_PAUSED = "alert.paused", "Paused alert"
    ALERT_RESUMED = "alert.resumed", "Resumed alert"
    ALERT_DELETED = "alert.deleted", "Deleted alert"
    CHANNEL_ADDED = "channel.added", "Added channel"
    CHANNEL_CODE = "channel.code_sent", "Had another code sent to"
    CHANNEL_PROVEN = "channel.proven", "Proved channel"
    CHANNEL_REFUSED = "channel.code_refused", "A code was refused for"
    CHANNEL_TESTED = "channel.tested", "Sent a test message to"
    CHANNEL_MUTED = "channel.muted", "Changed what is sent to"
    CHANNEL_FORGOTTEN = "channel.forgotten", "Forgot channel"

    LIST_MADE = "watchlist.made", "Made watchlist"
    LIST_RENAMED = "watchlist.renamed", "Renamed watchlist"
    LIST_DELETED = "watchlist.deleted", "Deleted watchlist"
    LISTS_ARRANGED = "watchlist.arranged", "Arranged watchlists"
    LIST_ARRANGED = "watchlist.items_arranged", "Arranged watchlist"
    WATCHED = "watchlist.watched", "Watches"
    UNWATCHED = "watchlist.unwatched", "Watches no more"
    WATCH_NOTED = "watchlist.noted", "Changed the note on"
    WATCH_MOVED = "watchlist.moved", "Moved to another watchlist"

    TARGETS_SET = "allocation.targets", "Set targets by"
    SECTOR_SET = "allocation.sector_set", "Put into a sector"
    SECTOR_CLEARED = "allocation.sector_cleared", "Cleared the own sector of"

    TAXPAYER_ADDED = "taxpayer.added", "Added taxpayer"
    TAXPAYER_CHANGED = "taxpayer.changed", "Changed taxpayer"
    TAXPAYER_DROPPED = "taxpayer.dropped", "Dropped taxpayer"
    TAXPAYER_ACCOUNTS = "taxpayer.accounts", "Gave accounts to taxpayer"
    PAN_KEPT = "taxpayer.pan_kept", "Kept the PAN of taxpayer"
    PAN_FORGOTTEN = "taxpayer.pan_forgotten", "Forgot the PAN of taxpayer"
    TAX_YEAR_TOLD = "tax.year_told", "Told of tax year"
    TAX_LOSSES_TOLD = "tax.losses_told", "Told earlier losses brought into"
    TAX_INSTRUMENT_TOLD = "tax.instrument_told", "Told for tax of"
    TAX_FACTS_TOLD = "tax.facts_told", "Told for tax of transactions"

    BROKER_LINKED = "broker.linked", "Connected account"
    BROKER_UNLINKED = "broker.unlinked", "Disconnected account"
    BROKER_STANDING = "broker.standing", "Changed the standing of broker"
    CREDENTIALS_KEPT = "credentials.kept", "Kept credentials for account"
    APP_KEPT = "credentials.app_kept", "Kept an API application of broker"
    APP_FORGOTTEN = "credentials.app_forgotten", "Forgot the API application of broker"
    AUTOMATIC_STOPPED = "credentials.automatic_stopped", "Automatic login was switched off for account"

    JOB_STOPPED = "job.stopped", "Stopped job"
    JOB_RETRIED = "job.retried", "Asked again for job"
    JOB_CANCELLED = "job.cancelled", "Stopped a job of another"
    SERVICE_PAUSED = "service.paused", "Paused"
    SERVICE_RESUMED = "service.resumed", "Resumed"
    SERVICE_RUN = "service.run", "Ran by hand"

    INSTRUMENT_PICKED = "instrument.picked", "Took up"
    PRICES_ASKED = "instrument.prices_asked", "Asked for all past prices that lack"
    PRICES_READ = "instrument.prices_read", "Read past prices out of"
    RATES_READ = "instrument.rates_read", "Read exchange rates out of"
    ACTIONS_READ = "instrument.actions_read", "Read corporate actions out of"
    PAST_ASKED = "instrument.past_asked", "Asked again for past prices of"
    LISTS_ASKED = "instrument.lists_asked", "Asked for the lists of instruments"
    RATES_ASKED = "instrument.rates_asked", "Asked for exchange rates"
    CORRECTED = "instrument.corrected", "Corrected instrument"
    CORRECTION_CLEARED = "instrument.correction_cleared", "Cleared the correction of instrument"
    BARS_SETTLED = "quarantine.settled", "Settled doubted prices of instrument"
    CALENDAR_SAID = "calendar.said", "Changed the calendar of"
    CALENDAR_UNDONE = "calendar.undone", "Took back a change of the calendar of"

    GRANT_OFFERED = "grant.offered", "Offered a look at books"
    GRANT_ACCEPTED = "grant.accepted", "Accepted a look at books"
    GRANT_REVOKED = "grant.revoked", "Ended a look at books"
    GRANT_DECLINED = "grant.declined", "Declined a look at books"
    GRANT_LEFT = "grant.left", "Gave up a look at books"
    LINK_MADE = "grant.link_made", "Made public link"
    LINK_REVOKED = "grant.link_revoked", "Took back public link"

    TOKEN_MADE = "token.made", "Made token"
    TOKEN_REVOKED = "token.revoked", "Revoked token"
    TOKEN_REUSED = "token.reused", "A spent refresh token came again; its sign-in was ended"
    KEY_CHANGED = "token.key_changed", "Changed the key that signs tokens"


GROUPS = tuple(dict.fromkeys(f"{act.value.partition('.')[0]}." for act in Act))

GROUP_WORDS = {
    "sign_in.": "Signing in",
    "factor.": "Second factors and passkeys",
    "person.": "Person",
    "invite.": "Invitations",
    "admin.": "Administration",
    "own.": "Other",
    "portfolio.": "Portfolios",
    "account.": "Accounts",
    "transaction.": "Transactions",
    "import.": "Imports",
    "sync.": "Syncs",
    "break.": "Differences",
    "action.": "Corporate actions",
    "snapshot.": "Snapshots",
    "alert.": "Alerts",
    "channel.": "Channels",
    "watchlist.": "Watchlists",
    "allocation.": "Targets and sectors",
    "taxpayer.": "Taxpayers",
    "tax.": "Tax answers",
    "broker.": "Brokers",
    "credentials.": "Credentials",
    "job.": "Jobs",
    "service.": "Services",
    "instrument.": "Instruments",
    "quarantine.": "Doubted prices",
    "calendar.": "Calendar",
    "grant.": "Sharing",
    "token.": "Tokens",
}
"""Each group as the lists name it."""

_BOOKS = frozenset(
    (
        "portfolio", "account", "transaction", "import", "sync", "break", "action", "snapshot", "alert",
        "channel", "watchlist", "allocation", "taxpayer", "tax", "credentials",
    )
)  # fmt: skip
"""Groups whose deeds are about what a person owns."""
_ALSO = frozenset({Act.BROKER_LINKED, Act.BROKER_UNLINKED, Act.INSTRUMENT_PICKED, Act.PAST_ASKED})
PRIVATE = frozenset(act.value for act in Act if act in _ALSO or act.value.partition(".")[0] in _BOOKS)
"""Deeds whose details tell of a person's books: names, amounts, notes. They are her own to read; an admin
sees who did what kind of thing, when and from where."""
_BY_NAME = {act.value: act for act in Act}


def words_of(action: str) -> str:
    """An action as a sentence begins; one of an earlier release by its name."""
    return _BY_NAME[action].words if action in _BY_NAME else action
