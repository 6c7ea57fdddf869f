"""Who lives in the house: user."""

from __future__ import annotations

from tunefolio.cli.words.grammar import Commands, command, where


def add(commands: Commands) -> None:
    user = commands.add_parser("user", help="people: add, list, role, lock, links to reset, invite")
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
    promote = command(verbs, "promote", "people:promote", "make a person admin")
    demote = command(verbs, "demote", "people:demote", "make an admin a member")
    disable = command(verbs, "disable", "people:disable", "shut a person out; nothing is lost")
    enable = command(verbs, "enable", "people:enable", "let a disabled person in again")
    lock = command(verbs, "lock", "people:disable", "the same as disable")
    unlock = command(verbs, "unlock", "people:enable", "the same as enable")
    reset = command(verbs, "reset", "people:reset", "a link to set a new password, good for an hour")
    bare = command(
        verbs,
        "remove-factors",
        "people:remove_factors",
        "take a person's authenticator and passkeys away",
    )
    bare.add_argument("--yes", action="store_true", help="also where nothing else signs this person in")
    of_one = (password, role, promote, demote, disable, enable, lock, unlock, reset, bare)
    for one in of_one:
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
    links = command(verbs, "links", "people:links", "links people asked for, to hand out by hand")
    links.add_argument(
        "email", nargs="?", default="", help="only hers, with a fresh link also where mail goes"
    )
    export = command(verbs, "export", "leaving:export", "everything of a person in one zip, without secrets")
    gone = command(
        verbs, "delete", "leaving:delete", "delete a person's account; in its time of grace only you undo it"
    )
    keep = command(verbs, "keep", "leaving:keep", "keep an account that is being deleted")
    for one in (export, gone, keep):
        one.add_argument("email")
    export.add_argument("file", help="the zip to write")
    gone.add_argument("--now", action="store_true", help="erase at once; nobody can take it back")
    for one in (new, *of_one, listed, invite, links, export, gone, keep):
        where(one)
