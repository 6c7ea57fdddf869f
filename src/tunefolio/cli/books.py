"""import, sync, snapshot, check: the books from the command line."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tunefolio.bootstrap.runtime import Runtime
from tunefolio.cli import Exit, textimport
from tunefolio.cli.house import Bar, open_house, person_of, show, table
from tunefolio.cli.passwords import password_of
from tunefolio.core.errors import Misuse, NotFound, Retry
from tunefolio.core.identity import ImportId, JobId
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import Account, AccountKind, Portfolio
from tunefolio.services import check as laws
from tunefolio.services import imports, uploads
from tunefolio.services import portfolios as shelves
from tunefolio.services import snapshot as snapshots
from tunefolio.services import sync as syncing
from tunefolio.services.bookfiles import is_book
from tunefolio.services.house import House
from tunefolio.services.uploads import Arrival
from tunefolio.services.views.shapes import Preview
from tunefolio.settings import Profile
from tunefolio.store import accounts, connections, jobs, portfolios
from tunefolio.store.connections import ConnectionState
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.jobs import OPEN, Job, JobState

_POLL_SECONDS = 0.2
_PATIENCE_POLLS = 1_500


def import_file(args: argparse.Namespace) -> int:
    """import FILE, import FILE --dry-run, import --undo NUMBER."""
    if (args.file is None) == (args.undo is None):
        raise Misuse("import", "needs a file or --undo", cure="tunefolio import tradebook.csv --account NAME")
    with open_house(args) as runtime:
        if args.undo is not None:
            return _undo(args, runtime)
        return _import(args, runtime, Path(args.file))


def _import(args: argparse.Namespace, runtime: Runtime, path: Path) -> int:
    house = runtime.house
    content = _content(path, house.rules.upload_limit_bytes)
    if args.text or is_book(content):
        return textimport.read(args, runtime, path, content)
    with house.database.reading() as db:
        viewer = person_of(db, args.user).viewer
    arrival = _opened(args, house, viewer, path, content)
    with house.database.writing() as db, _tried(args, db):
        account = _target(args, db, house, viewer)
        found = uploads.receive(db, house, viewer, arrival)
        seen = imports.preview_kept(db, house, viewer, account.id, found.sha256)
    problems = [_problem(one) for one in seen.problems]
    if args.dry_run:
        value = {
            "account": account.name,
            "format": seen.title,
            "rows": seen.rows_total,
            "fresh": seen.fresh,
            "repeated": seen.repeated,
            "problems": problems,
        }
        show(args, value, _preview_text(account, seen))
        return Exit.FINDINGS if seen.problems else Exit.OK
    with Bar(f"Importing {path.name}") as bar, house.database.writing() as db:
        done = imports.commit(db, house, viewer, account.id, seen.sha256, progress=bar)
    value = {
        "import": done.id,
        "account": account.name,
        "format": seen.title,
        "added": done.added,
        "repeated": done.repeated,
        "refused": done.refused,
        "problems": problems,
    }
    counts = f"{done.added} added, {done.repeated} known already, {done.refused} refused"
    text = f"{seen.title} → {account.name}: {counts}"
    if done.added:
        text += f"\nTake it back with: tunefolio import --undo {done.id}"
    show(args, value, "\n".join([*map(_problem_text, problems), text]))
    return Exit.FINDINGS if done.refused or problems else Exit.OK


def _opened(args: argparse.Namespace, house: House, viewer: Viewer, path: Path, content: bytes) -> Arrival:
    """The file as it can be kept; a locked one by the password that was handed over."""
    password = uploads.NO_PASSWORD if args.password_file is None else password_of(args.password_file)
    try:
        return uploads.opened(house, viewer, path.name, content, password)
    except Misuse as locked:
        if locked.field != "password":
            raise
        cure = f"{locked.cure}. Write it into a file and say --password-file FILE, or - to type it"
        raise Misuse("password", locked.problem, cure=cure) from None


@contextmanager
def _tried(args: argparse.Namespace, db: WriteDb) -> Iterator[None]:
    """What a dry run writes is undone at its end."""
    trial = db.connection.begin_nested()
    yield
    if args.dry_run:
        trial.rollback()
    else:
        trial.commit()


def _target(args: argparse.Namespace, db: WriteDb, house: House, viewer: Viewer) -> Account:
    """The account to import into: a named one, the only one, or a new one in the first portfolio."""
    if args.new_account is None:
        return account_named(db, viewer, args.account, kind=AccountKind.MANUAL)
    if args.account is not None:
        raise Misuse("--new-account", "cannot be said together with --account", cure="Say one of them")
    home = shelves.first_portfolio(db, house, viewer)
    return shelves.create_account(db, house, viewer, home.id, args.new_account)


def _undo(args: argparse.Namespace, runtime: Runtime) -> int:
    house = runtime.house
    with house.database.writing() as db:
        viewer = person_of(db, args.user).viewer
        gone = imports.undo(db, house, viewer, ImportId(args.undo))
    show(args, {"import": args.undo, "taken_back": gone}, f"Import {args.undo} undone: {gone} taken back")
    return Exit.OK


def sync(args: argparse.Namespace) -> int:
    """sync: every connected account, or one; runs here, or waits for the house that has taken the job."""
    with open_house(args) as runtime:
        house = runtime.house
        with house.database.writing() as db:
            viewer = person_of(db, args.user).viewer
            chosen = _broker_accounts(db, viewer, args.account)
            asked = [(one, syncing.ask_sync(db, house, viewer, one.id)) for one in chosen]
        outcomes = [(one, _result(runtime, viewer, job, one.name)) for one, job in asked]
        code = _worst(runtime, viewer, outcomes)
    rows = [
        {"account": one.name, "state": job.state.value, "result": job.result, "problem": job.problem}
        for one, job in outcomes
    ]
    show(args, rows, table(rows, ("account", "state", "problem")) if rows else "No broker account to sync.")
    return code


def _worst(runtime: Runtime, viewer: Viewer, outcomes: Sequence[tuple[Account, Job]]) -> int:
    """The exit code of several syncs: what a person must do goes before what only time mends."""
    states = {job.state for _, job in outcomes}
    if states <= {JobState.DONE}:
        return Exit.OK
    with runtime.house.database.reading() as db:
        lines = [connections.of_account(db, viewer, one.id) for one, _ in outcomes]
    if any(line is not None and line.state is ConnectionState.NEEDS_LOGIN for line in lines):
        return Exit.NEEDS_LOGIN
    return Exit.TRY_AGAIN if states & {JobState.QUEUED, JobState.RUNNING} else Exit.FINDINGS


def _result(runtime: Runtime, viewer: Viewer, job_id: JobId, title: str) -> Job:
    """Run the job here, unless the serving house is quicker; then watch until it is over or put off."""
    if runtime.settings.profile is Profile.UP:
        runtime.run(job_id)
    with Bar(title) as bar:
        for _ in range(_PATIENCE_POLLS):
            with runtime.house.database.reading() as db:
                job = jobs.job_of(db, viewer, job_id)
            bar(job.done, job.total, job.stage)
            if job.state not in OPEN or (job.state is JobState.QUEUED and job.problem):
                return job
            time.sleep(_POLL_SECONDS)
    raise Retry("nobody does the job; is the house running?")


def snapshot(args: argparse.Namespace) -> int:
    """snapshot: MANUAL, of every active account or of one portfolio's."""
    with open_house(args) as runtime, runtime.house.database.writing() as db:
        viewer = person_of(db, args.user).viewer
        chosen = portfolio_named(db, viewer, args.portfolio).id if args.portfolio else None
        taken = snapshots.trigger(db, runtime.house, viewer, portfolio=chosen)
        names = {account.id: account.name for account in accounts.listed(db, viewer)}
    rows = [
        {
            "account": names[one.account],
            "day": one.day.iso(),
            "value": _money(one.value),
            "invested": _money(one.invested),
            "unpriced": one.unpriced,
        }
        for one in taken
    ]
    show(
        args,
        rows,
        table(rows, ("account", "day", "value", "invested", "unpriced")) if rows else "Nothing to freeze.",
    )
    return Exit.OK


def check(args: argparse.Namespace) -> int:
    """check: every account of everyone."""
    with open_house(args) as runtime, Bar("Checking the books") as bar:
        findings = laws.check(runtime.house, bar)
    rows = [{"account": one.account, "law": one.law, "detail": one.detail} for one in findings]
    show(args, rows, table(rows, ("account", "law", "detail")) if rows else "Every law holds.")
    return Exit.FINDINGS if findings else Exit.OK


def account_named(
    db: ReadDb, viewer: Viewer, wanted: str | None, *, kind: AccountKind | None = None
) -> Account:
    """The active account of that name or number, or the only one; raises Misuse, NotFound."""
    there = [
        one for one in accounts.listed(db, viewer) if one.is_active and (kind is None or one.kind is kind)
    ]
    if wanted is None:
        if len(there) == 1:
            return there[0]
        names = ", ".join(one.name for one in there) or "none yet; say --new-account NAME to make one"
        raise Misuse("--account", "must be said", cure=f"There is: {names}")
    for one in there:
        if one.name.casefold() == wanted.strip().casefold() or str(one.id) == wanted.strip():
            return one
    raise NotFound(f"account {wanted}")


def portfolio_named(db: ReadDb, viewer: Viewer, wanted: str) -> Portfolio:
    """The portfolio of that name or number; raises NotFound."""
    for one in portfolios.listed(db, viewer):
        if one.name.casefold() == wanted.strip().casefold() or str(one.id) == wanted.strip():
            return one
    raise NotFound(f"portfolio {wanted}")


def _broker_accounts(db: ReadDb, viewer: Viewer, wanted: str | None) -> list[Account]:
    if wanted is not None:
        return [account_named(db, viewer, wanted)]
    return [one for one in accounts.listed(db, viewer) if one.is_active and one.kind is AccountKind.BROKER]


def _content(path: Path, limit: int) -> bytes:
    try:
        if path.stat().st_size > limit:
            raise Misuse(
                "file",
                f"{path.name} is larger than {limit // 1024 // 1024} MiB",
                cure="Raise TUNEFOLIO_UPLOAD_LIMIT_MIB, or split the file",
            )
        return path.read_bytes()
    except OSError as refused:
        cure = "Give the path of a file you can read"
        raise Misuse("file", f"{path}: {refused.strerror}", cure=cure) from None


def _problem(one: Any) -> dict[str, object]:
    return {"row": one.row, "field": one.field, "problem": one.problem, "cure": one.cure}


def _problem_text(one: dict[str, object]) -> str:
    cure = f". {one['cure']}" if one["cure"] else ""
    return f"row {one['row']}: {one['field']}: {one['problem']}{cure}"


def _preview_text(account: Account, seen: Preview) -> str:
    lines = [_problem_text(_problem(one)) for one in seen.problems]
    counts = (
        f"{seen.rows_total} rows, {seen.fresh} new, {seen.repeated} known already, {seen.refused} refused"
    )
    return "\n".join([*lines, f"{seen.title} → {account.name}: {counts}. Nothing was changed."])


def _money(amount: Any) -> str | None:
    return None if amount is None else str(amount)
