"""Who lives in the house: user."""

from __future__ import annotations

from tunefolio.cli.words.grammar import Commands, command, where


def add(commands: Commands) -> None:
    user = commands.add_parser("user", help="people: add, list, password, role, disable, enable, invite")
    verbs = user.add_subparsers(metavar="VERB", required=True)
    new = command(verbs, "add", "people:add", "add a person; prints a random password when none is given")
    new.add_argument("email")
    new.add_argument("--name", default="", help="shown name; else the e-mail's first part")
    new.add_argument(
        "--role", choices=("admin", "member", "reader"), help="else member; the first person is admin"
    )
    password = command(
        verbs, "password", "people:password", "give a person a new password and end all sessions"
    )
    role = command(verbs, "role", "people:role", "give a person another role")
    disable = command(verbs, "disable", "people:disable", "shut a person out; nothing is lost")
    enable = command(verbs, "enable", "people:enable", "let a disabled person in again")
    for one in (password, role, disable, enable):
        one.add_argument("email")
    role.add_argument("role", choices=("admin", "member", "reader"))
    for one in (new, password):
        one.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )
    listed = command(verbs, "list", "people:listed", "everybody")
    invite = command(verbs, "invite", "people:invite", "make a one-time invite, good for a week")
    invite.add_argument("--email", default="", help="the only address that may use it")
    invite.add_argument("--role", choices=("admin", "member", "reader"), default="member")
    for one in (new, password, role, disable, enable, listed, invite):
        where(one)
