"""user …: people from the command line, by whoever has a shell on the machine."""

from __future__ import annotations

import argparse
import getpass
import sys

from tunefolio.cli import Exit
from tunefolio.cli.house import CONSOLE, open_house, person_of, show, table
from tunefolio.core.errors import Misuse
from tunefolio.core.people import Person, Role, email_of
from tunefolio.core.secret import Secret
from tunefolio.services import audit, factors, identity, mails, recovery
from tunefolio.services.acts import Act
from tunefolio.services.house import House
from tunefolio.services.passwords import random_password
from tunefolio.services.ways_in import ways_in
from tunefolio.store import persons
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.mail_links import LinkKind, MailLink


def add(args: argparse.Namespace) -> int:
    """user add: the first person becomes admin unless --role says otherwise."""
    email = email_of(args.email)
    password, is_made_up = _password(args)
    with open_house(args) as runtime, runtime.house.database.writing() as db:
        first = persons.count(db) == 0
        role = Role(args.role) if args.role else Role.ADMIN if first else Role.MEMBER
        name = args.name or email.partition("@")[0]
        person = identity.add_person(db, runtime.house, email, name, password, role)
    said = f"{person.email} is {person.role.value}"
    _tell_password(args, person, said, password if is_made_up else None)
    return Exit.OK


def password(args: argparse.Namespace) -> int:
    """user password: a new one, given or made up."""
    fresh, is_made_up = _password(args)
    with open_house(args) as runtime, runtime.house.database.writing() as db:
        person = person_of(db, args.email)
        identity.reset_password(db, runtime.house, CONSOLE, person.id, fresh)
    _tell_password(args, person, f"{person.email} has a new password", fresh if is_made_up else None)
    return Exit.OK


def listed(args: argparse.Namespace) -> int:
    """user list."""
    with open_house(args) as runtime, runtime.house.database.reading() as db:
        rows = [_row(person) for person in identity.iter_people(db, CONSOLE)]
    show(args, rows, table(rows, ("id", "email", "name", "role", "state")) if rows else "Nobody yet.")
    return Exit.OK


def role(args: argparse.Namespace) -> int:
    """user role."""
    with open_house(args) as runtime, runtime.house.database.writing() as db:
        person = person_of(db, args.email)
        identity.set_role(db, runtime.house, CONSOLE, person.id, Role(args.role))
    said = f"{person.email} is {args.role}"
    if person.disabled is not None:
        said += "\nShut out all the same: `tunefolio user unlock` lets her in again"
    show(args, _row(person) | {"role": args.role}, said)
    return Exit.OK


def disable(args: argparse.Namespace) -> int:
    """user disable."""
    with open_house(args) as runtime, runtime.house.database.writing() as db:
        person = person_of(db, args.email)
        identity.disable(db, runtime.house, CONSOLE, person.id)
    show(args, _row(person) | {"state": "disabled"}, f"{person.email} is shut out")
    return Exit.OK


def enable(args: argparse.Namespace) -> int:
    """user enable."""
    with open_house(args) as runtime, runtime.house.database.writing() as db:
        person = person_of(db, args.email)
        identity.enable(db, runtime.house, CONSOLE, person.id)
    show(args, _row(person) | {"state": "active"}, f"{person.email} may come in again")
    return Exit.OK


def promote(args: argparse.Namespace) -> int:
    """user promote."""
    args.role = Role.ADMIN.value
    return role(args)


def demote(args: argparse.Namespace) -> int:
    """user demote: the house keeps at least one admin."""
    args.role = Role.MEMBER.value
    return role(args)


def reset(args: argparse.Namespace) -> int:
    """user reset: prints a link once; the password stays until it is used."""
    with open_house(args) as runtime, runtime.house.database.writing() as db:
        person = person_of(db, args.email)
        url = recovery.link_for(db, runtime.house, CONSOLE, person, LinkKind.RESET).reveal()
    show(args, _row(person) | {"url": url}, f"{url}\nGood once, for an hour; for {person.email} alone.")
    return Exit.OK


def links(args: argparse.Namespace) -> int:
    """user links: what people wait for. A link that is shown is fresh and ends the one before, so where mail
    goes the list shows none, but of the person that is named."""
    with open_house(args) as runtime, runtime.house.database.writing() as db:
        house = runtime.house
        named = person_of(db, args.email).id if args.email else None
        rows: list[dict[str, object]] = []
        for link in mails.waiting(db, house):
            if named is not None and link.owner != named:
                continue
            person = persons.person_of(db, link.owner)
            is_mailed = named is None and mails.can_send(house)
            url = "by mail" if is_mailed else _handed_out(db, house, person, link)
            rows.append({"email": person.email, "for": link.kind.value, "address": link.email, "url": url})
    show(args, rows, table(rows, ("email", "for", "address", "url")) if rows else "Nobody waits for a link.")
    return Exit.OK


def _handed_out(db: WriteDb, house: House, person: Person, link: MailLink) -> str:
    """Whoever has it may set a password or confirm an address: its person sees that it was shown."""
    told = {"name": link.kind.value}
    audit.note(db, house, CONSOLE, Act.LINK_SHOWN, f"link:{link.kind.value}", told, about=person.id)
    return mails.hand_out(db, house, person.viewer, link.id).reveal()


def remove_factors(args: argparse.Namespace) -> int:
    """user remove-factors: for somebody who lost phone and recovery codes. Refused without --yes where a
    passkey is the only way she has."""
    with open_house(args) as runtime, runtime.house.database.writing() as db:
        person = person_of(db, args.email)
        ways = ways_in(db, runtime.house, person.viewer)
        left = ways.passwords + ways.identities
        if ways.passkeys and not left and not args.yes:
            cure = f"`tunefolio user reset {person.email}` first makes her a link to a password; or add --yes"
            raise Misuse("passkeys", "are the only way she has to sign in", cure=cure)
        had = factors.remove_all(db, runtime.house, CONSOLE, person)
    how = "password alone" if ways.passwords else "her provider alone" if left else ""
    said = f"{person.email} signs in by {how}" if how else _shut_till_reset(person)
    show(args, _row(person) | {"removed": had}, said if had else f"{person.email} had none")
    return Exit.OK


def _shut_till_reset(person: Person) -> str:
    return (
        f"{person.email} has no way in: `tunefolio user reset {person.email}` makes her a link to a password"
    )


def invite(args: argparse.Namespace) -> int:
    """user invite: prints the code once, and where to use it."""
    with open_house(args) as runtime, runtime.house.database.writing() as db:
        admin = _an_admin(db)
        code = identity.invite(db, runtime.house, admin.viewer, email=args.email, role=Role(args.role))
        url = f"{runtime.house.rules.public_url}/sign-up?invite={code.reveal()}"
    show(args, {"code": code.reveal(), "url": url}, f"{url}\nGood once, for {identity.INVITE_DAYS} days.")
    return Exit.OK


def _an_admin(db: ReadDb) -> Person:
    """Who an invite made here counts as from; raises Misuse when there is no admin."""
    for person in identity.iter_people(db, CONSOLE):
        if person.role is Role.ADMIN and person.disabled is None:
            return person
    raise Misuse("invite", "there is no admin yet", cure="Run `tunefolio user add EMAIL` first")


def _row(person: Person) -> dict[str, object]:
    state = "active" if person.disabled is None else "disabled"
    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "role": person.role.value,
        "state": state,
    }


def _password(args: argparse.Namespace) -> tuple[Secret, bool]:
    """(password, made up here?): from standard input, typed twice, or random where nobody can type."""
    if args.password_stdin:
        return Secret(sys.stdin.readline().rstrip("\r\n")), False
    if not sys.stdin.isatty() or args.json:
        return random_password(), True
    typed = getpass.getpass("Password (empty for a random one): ")
    if not typed:
        return random_password(), True
    if getpass.getpass("Again: ") != typed:
        raise Misuse("password", "the two were different", cure="Try again")
    return Secret(typed), False


def _tell_password(args: argparse.Namespace, person: Person, said: str, made_up: Secret | None) -> None:
    value = _row(person)
    if made_up is not None:
        value["password"] = made_up.reveal()
        said += f"; password: {made_up.reveal()}"
    show(args, value, said)
