"""Logins by form: a broker's own fields, sealed where they are needed again, used without a person where that
is lawful and wished.

What is typed is checked against the form, sent to the broker, and then kept sealed for the connection's row,
left to choice, or forgotten, as each field says (ledger.brokers.Keeping). Nothing of it is ever shown again.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

import orjson

from tunefolio.core.errors import Misuse, Reauth, Rejected
from tunefolio.core.identity import AccountId, PortfolioId
from tunefolio.core.people import Viewer
from tunefolio.core.secret import Secret
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.brokers import BrokerSession, CredentialForm, FormLogin, Keeping, Renewal
from tunefolio.services import audit, brokers, links, standings
from tunefolio.services.audit import Act
from tunefolio.services.house import House
from tunefolio.services.throttle import Allowance, TooMany
from tunefolio.store import accounts, connections
from tunefolio.store.db import ReadDb, WriteDb

_log = logging.getLogger(__name__)
LOGINS = Allowance("broker login", 6, timedelta(minutes=10))
"""Brokers lock a user out after a few wrong logins; so few are passed on."""


class LoginRefused(Rejected):
    """The broker did not accept what was typed. broker: its title."""

    def __init__(self, broker: str, reason: str) -> None:
        super().__init__(reason, code="login-refused")
        self.broker = broker


class WrongField(Misuse):
    """A field of a login's form is wrong: told by the label beside it, since no person sees its name."""

    def __init__(self, field: str, label: str, problem: str, *, cure: str) -> None:
        super().__init__(field, problem, cure=cure)
        self.label = label

    def __str__(self) -> str:
        return f"{self.label} {self.problem}. {self.cure}"


class Relogin(StrEnum):
    """Who logs in again after the broker's daily logout."""

    BY_HAND = "by_hand"
    AUTOMATIC = "automatic"


def form_of(house: House, broker: str) -> CredentialForm:
    """The fields a login at this broker asks for; raises Misuse where one logs in on the broker's page."""
    return _by_form(house, broker).form


def log_in(
    house: House,
    viewer: Viewer,
    broker: str,
    typed: Mapping[str, str],
    relogin: Relogin,
    *,
    portfolio: PortfolioId | None = None,
) -> Account:
    """A session from what was typed: the account it belongs to, connected, its sync asked for.

    Steps: 1 check every field, 2 ask the broker, outside any transaction, 3 find or make the account, seal
    session and credentials, ask for a sync: all in one. Raises WrongField, LoginRefused, Retry, TooMany.
    """
    viewer.must_write()
    there = _by_form(house, broker)
    given = checked(there.form, typed, relogin)
    with house.database.reading() as db:
        standings.must_serve(db, house, broker)
    opened = _asked(house, viewer, broker, given)
    with house.database.writing() as db:
        account = links.account_for(db, house, viewer, broker, opened, portfolio)
        _keep(db, house, viewer, account, opened, given, relogin)
        links.note_linked(db, house, viewer, account)
        links.ask_first_sync(db, house, viewer, account.id)
    _log.info("broker connected", extra={"account": account.id, "broker": broker})
    return account


def log_in_again(
    house: House, viewer: Viewer, account: AccountId, typed: Mapping[str, str], relogin: Relogin
) -> Account:
    """The same for an account that is linked already: what is kept need not be typed again.

    Raises Misuse as well when the broker answers for another user: his account is not this one.
    """
    viewer.must_write()
    with house.database.reading() as db:
        home = accounts.account_of(db, viewer, account)
        standings.must_serve(db, house, home.broker)
        kept = credentials(db, house, viewer, home)
    there = _by_form(house, home.broker)
    given = checked(there.form, {**kept, **{name: text for name, text in typed.items() if text}}, relogin)
    opened = _asked(house, viewer, home.broker, given)
    _must_be_of(home, opened)
    with house.database.writing() as db:
        _keep(db, house, viewer, home, opened, given, relogin)
        links.note_linked(db, house, viewer, home)
        links.ask_first_sync(db, house, viewer, home.id)
    return home


def opened_again(house: House, viewer: Viewer, home: Account) -> bool:
    """Open a line that has ended without its owner: by renewal, else by the credentials she left for that.

    False where neither is possible. Raises Retry. Credentials that the broker refuses are not tried again:
    the account then waits for its owner, who is told why.
    """
    broker = house.brokers.get(home.broker)
    if broker is None:
        return False
    with house.database.reading() as db:
        connection = connections.of_account(db, viewer, home.id)
        if connection is None or connection.automatic_since is None:
            return False
        kept = credentials(db, house, viewer, home)
        former = _session(db, house, viewer, home)
    opened = _renewed(house, broker, former)
    if opened is None:
        opened = _logged_in(house, viewer, home, broker, kept)
    if opened is None:
        return False
    _must_be_of(home, opened)
    with house.database.writing() as db:
        links.keep_session(db, house, viewer, home, "", opened)
    _log.info("broker session opened again", extra={"account": home.id, "broker": home.broker})
    return True


def credentials(db: ReadDb, house: House, viewer: Viewer, home: Account) -> dict[str, str]:
    """What is kept for logins of this account; empty for nothing, or for what another key has sealed."""
    sealed = connections.sealed_credentials(db, viewer, home.id)
    connection = connections.of_account(db, viewer, home.id)
    if sealed is None or connection is None:
        return {}
    try:
        text = house.vault.open(sealed, "connections", connection.id, "credentials").reveal()
    except Misuse as unreadable:
        _log.warning("credentials cannot be opened", extra={"account": home.id, "problem": str(unreadable)})
        return {}
    return {str(name): str(value) for name, value in orjson.loads(text).items()}


def kept_fields(db: ReadDb, house: House, viewer: Viewer, home: Account) -> frozenset[str]:
    """The names of the fields that need not be typed again."""
    return frozenset(credentials(db, house, viewer, home))


def checked(form: CredentialForm, typed: Mapping[str, str], relogin: Relogin) -> dict[str, Secret]:
    """The filled fields by name, trimmed. Raises WrongField for the first wrong one, not telling its content;
    Misuse for one that is not asked for."""
    known = {field.name: field for field in form.fields}
    for name in typed:
        if name not in known:
            raise Misuse(name[:40], "is not asked for", cure=f"Fields: {', '.join(known)}")
    given: dict[str, Secret] = {}
    for name, field in known.items():
        text = typed.get(name, "").strip()
        if not text:
            if field.is_needed:
                raise WrongField(name, field.label, "is missing", cure=field.hint)
            continue
        if len(text) > 500 or re.fullmatch(field.pattern, text) is None:
            raise WrongField(name, field.label, "cannot be what was typed", cure=field.hint)
        given[name] = Secret(text)
    _must_suffice(form, given, relogin)
    return given


def _must_suffice(form: CredentialForm, given: Mapping[str, Secret], relogin: Relogin) -> None:
    """One group of the alternatives is filled, and all that a login without a person will need."""
    labels = {field.name: field.label for field in form.fields}
    if form.alternatives and not any(all(one in given for one in group) for group in form.alternatives):
        groups = " or ".join(" and ".join(labels[one] for one in group) for group in form.alternatives)
        raise WrongField(form.alternatives[-1][0], groups, "is missing", cure="Fill in one of them")
    if relogin is not Relogin.AUTOMATIC:
        return
    if not form.automatic:
        problem = "is not allowed at this broker"
        raise WrongField("relogin", "Logging in by itself", problem, cure="Log in by hand each day")
    for name in form.automatic:
        if name not in given:
            cure = "Fill it in, or log in by hand each day"
            raise WrongField(name, labels[name], "is needed for logging in by itself", cure=cure)


def _asked(house: House, viewer: Viewer, broker: str, given: Mapping[str, Secret]) -> BrokerSession:
    """The broker's answer; it is asked a few times, however often the form is sent. Raises LoginRefused,
    TooMany."""
    there, title = _by_form(house, broker), house.brokers[broker].title
    try:
        house.throttle.hit(LOGINS, f"{viewer.person}:{broker}")
    except TooMany as busy:
        problem = f"{title} locks a user out after a few wrong logins, so no more are sent for now"
        raise TooMany(problem, after=busy.after) from None
    try:
        return there.login(given, house.clock.now())
    except Rejected as refused:
        if refused.code != "credentials":
            raise
        raise LoginRefused(title, refused.reason) from refused


def _by_form(house: House, broker: str) -> FormLogin:
    there = brokers.broker_named(house, broker)
    if not isinstance(there, FormLogin):
        problem = f"{there.title} has a login page of its own"
        raise Misuse("broker", problem, cure="Press Connect under Brokers")
    return there


def _keep(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: Account,
    opened: BrokerSession,
    given: Mapping[str, Secret],
    relogin: Relogin,
) -> None:
    """Session and credentials, sealed; of these only what the form lets be kept."""
    now = house.clock.now()
    links.keep_session(db, house, viewer, account, "", opened)
    allowed = {Keeping.KEPT} | ({Keeping.CHOICE} if relogin is Relogin.AUTOMATIC else set())
    form = form_of(house, account.broker)
    kept = {f.name: given[f.name].reveal() for f in form.fields if f.keeping in allowed and f.name in given}
    text = Secret(orjson.dumps(kept).decode())
    connections.keep_credentials(
        db,
        viewer,
        account.id,
        lambda row: house.vault.seal(text, "connections", row, "credentials"),
        automatic_since=now if relogin is Relogin.AUTOMATIC else None,
    )
    told = {"name": account.name, "fields": sorted(kept), "relogin": relogin.value}
    audit.note(db, house, viewer, Act.CREDENTIALS_KEPT, f"account:{account.id}", told)


def _session(db: ReadDb, house: House, viewer: Viewer, home: Account) -> BrokerSession | None:
    try:
        return brokers.line(db, house, viewer, home).session
    except Reauth:
        return None


def _renewed(house: House, broker: object, former: BrokerSession | None) -> BrokerSession | None:
    if former is None or not isinstance(broker, Renewal):
        return None
    try:
        return broker.renew(former, house.clock.now())
    except (Reauth, Rejected):
        return None


def _logged_in(
    house: House, viewer: Viewer, home: Account, broker: object, kept: Mapping[str, str]
) -> BrokerSession | None:
    if not isinstance(broker, FormLogin):
        return None
    try:
        given = checked(broker.form, kept, Relogin.AUTOMATIC)
        return broker.login(given, house.clock.now())
    except (Rejected, Misuse, Reauth) as refused:
        reason = f"Logging in by itself was refused and is switched off: {refused}. Log in by hand."
        with house.database.writing() as db:
            connections.stop_automatic(db, viewer, home.id)
            told = {"name": home.name, "broker": home.broker}
            audit.note(db, house, viewer, Act.AUTOMATIC_STOPPED, f"account:{home.id}", told)
        brokers.needs_login(house, viewer, home.id, reason)
        _log.warning("automatic login refused", extra={"account": home.id, "broker": home.broker})
        return None


def _must_be_of(home: Account, opened: BrokerSession) -> None:
    if opened.broker_user != home.broker_user:
        raise Misuse(
            "user", f"this login is of {opened.broker_user}, not of {home.broker_user}",
            cure="Log in with the user of this account, or connect the other one as an account of its own",
        )  # fmt: skip
