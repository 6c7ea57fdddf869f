"""What programs carry: token."""

from __future__ import annotations

from tunefolio.cli.words.grammar import Commands, command, where

_SCOPES = ("read", "import", "sync", "trade", "admin")


def add(commands: Commands) -> None:
    token = commands.add_parser("token", help="personal tokens of the API: make, list, revoke; change-key")
    verbs = token.add_subparsers(metavar="VERB", required=True)
    make = command(verbs, "make", "tokens:make", "make a token of a person; prints it this once")
    make.add_argument("email")
    make.add_argument("name", help="what it is for")
    make.add_argument("--scope", action="append", choices=_SCOPES, required=True, help="may be said again")
    life = make.add_mutually_exclusive_group()
    life.add_argument("--days", type=int, default=90, help="until it ends (90), at most 366")
    life.add_argument("--never-ends", action="store_true", help="until it is revoked")
    listed = command(verbs, "list", "tokens:listed", "the tokens of a person")
    revoke = command(verbs, "revoke", "tokens:revoke", "shut programs out that use it")
    for one in (listed, revoke):
        one.add_argument("email")
    which = revoke.add_mutually_exclusive_group(required=True)
    which.add_argument("--id", type=int, help="as `token list` shows it")
    which.add_argument("--all", action="store_true", help="every token and every sign-in of the person")
    change = command(
        verbs, "change-key", "tokens:change_key", "sign access tokens with a new key from now on"
    )
    change.add_argument(
        "--at-once", action="store_true", help="end every access token there is; each is renewed"
    )
    for one in (make, listed, revoke, change):
        where(one)
