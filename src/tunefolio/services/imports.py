"""Files into facts: a dry run, one commit, one undo. The same file twice changes nothing.

Rows are told apart by source key (trade id, else file hash and row), never by looking alike: two identical
fills are real. What a row may not do is said beside it, and the others go in (services.plans has the steps).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, ImportId, JobId
from tunefolio.core.people import Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Account, Book
from tunefolio.ledger.files import ParsedFile, Progress
from tunefolio.ledger.positions import in_force
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.instruments import InstrumentClaim
from tunefolio.services import audit
from tunefolio.services.acts import Act
from tunefolio.services.changes import changed
from tunefolio.services.groups import group_of, imagined_all
from tunefolio.services.house import House
from tunefolio.services.instruments import as_held, resolved
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.plans import Plan, Preview, RowFate, Verdict, planned, shown, verdicts
from tunefolio.services.record import must_hold_without, writable
from tunefolio.services.uploads import NO_PASSWORD, format_of, kept_of, opened, parsed, receive
from tunefolio.store import imports, transactions
from tunefolio.store.db import WriteDb
from tunefolio.store.imports import Import, Upload

__all__ = [
    "COMMIT",
    "LONG",
    "SOURCE",
    "ask_commit",
    "commit",
    "format_of",
    "import_file",
    "preview",
    "preview_kept",
    "preview_with_rows",
    "undo",
]  # fmt: skip

SOURCE = "import"
COMMIT = "import_file"
LONG = 2_000
"""A file of more rows is better committed in the background, with its progress shown."""
_SAMPLE = 25
_CHUNK = 1_000


def preview(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: AccountId,
    filename: str,
    content: bytes,
    password: Secret = NO_PASSWORD,
) -> Preview:
    """What committing this file now would do. Only the upload is kept, so that it need not come twice.

    Raises Misuse for a file that is too large, of no known format, locked, or damaged; Misuse("columns") for
    a table whose columns nobody has named yet.
    """
    home = writable(db, viewer, account)
    found = receive(db, house, viewer, opened(house, viewer, filename, content, password))
    return preview_kept(db, house, viewer, home.id, found.sha256)


def preview_kept(db: WriteDb, house: House, viewer: Viewer, account: AccountId, sha256: str) -> Preview:
    """The dry run of a file that was kept before; raises NotFound when it has been forgotten."""
    return preview_with_rows(db, house, viewer, account, sha256)[0]


def preview_with_rows(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: AccountId,
    sha256: str,
    fate: RowFate | None = None,
) -> tuple[Preview, list[Verdict]]:
    """The dry run of a kept file with what would become of every row, in the file's order; of one fate
    alone, if asked. Raises NotFound when the file has been forgotten."""
    home = writable(db, viewer, account)
    kept, read, plan = _dry_run(db, house, viewer, home, sha256)
    return _shown(home, kept, read, plan), verdicts(plan, fate)


def commit(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: AccountId,
    sha256: str,
    progress: Progress | None = None,
) -> Import:
    """Record a file kept by `preview`, in the caller's transaction: whole or not at all.

    Steps: 1 plan as the dry run did, on the books of now; 2 take back the openings that the history explains
    and record what is left of them; 3 append the fresh rows under one import; 4 tell. Raises NotFound when
    the upload has been forgotten.
    """
    home = writable(db, viewer, account)
    kept = kept_of(db, viewer, sha256)
    read = parsed(db, viewer, kept)
    plan = _plan(db, house, viewer, home, read)
    now = house.clock.now()
    fresh = plan.fresh
    import_id = imports.add(
        db,
        viewer,
        home.id,
        kept.filename,
        sha256,
        read.format,
        now,
        added=len(fresh),
        repeated=plan.repeated,
        refused=plan.refused,
    )
    superseded = [opening.id for opening in plan.superseded]
    transactions.reverse(db, viewer, superseded, source=_by(import_id), now=now)
    rests = [transactions.Entry(rest, f"{_rest_of(import_id)}:{rest.instrument}") for rest in plan.reduced]
    transactions.append(db, viewer, home.id, Book.LIVE, rests, source=_rest_of(import_id), now=now)
    entries = [transactions.Entry(row.fact, row.parsed.source_key) for row in fresh]
    for start in range(0, len(entries), _CHUNK):
        chunk = entries[start : start + _CHUNK]
        transactions.append(
            db, viewer, home.id, Book.LIVE, chunk, source=SOURCE, now=now, import_id=import_id
        )
        if progress is not None:
            progress(min(start + _CHUNK, len(entries)), len(entries))
    if entries:
        days = [*(entry.fact.day for entry in entries), *(o.fact.day for o in plan.superseded)]
        told = [*(entry.fact for entry in entries), *plan.reduced]
        changed(db, house, viewer, home.id, min(days), fresh=told)
    done = imports.import_of(db, viewer, import_id)
    _note(db, house, viewer, Act.IMPORTED, done, home, transactions=done.added)
    return done


def import_file(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: AccountId,
    filename: str,
    content: bytes,
    progress: Progress | None = None,
) -> Import:
    """Keep and commit a file in one go, as the command line does."""
    writable(db, viewer, account)
    found = receive(db, house, viewer, opened(house, viewer, filename, content))
    return commit(db, house, viewer, account, found.sha256, progress)


def ask_commit(db: WriteDb, house: House, viewer: Viewer, account: AccountId, sha256: str) -> JobId:
    """Commit a long file in the background; asked twice, it is one job."""
    home, kept = writable(db, viewer, account), kept_of(db, viewer, sha256)
    args = {"account": int(home.id), "sha256": kept.sha256, "filename": kept.filename}
    key = f"{COMMIT}:{home.id}:{kept.sha256}"
    said = {"name": kept.filename, "account": home.name}
    audit.note(db, house, viewer, Act.IMPORT_ASKED, f"account:{home.id}", said)
    return ask(db, house, COMMIT, args, owner=viewer.person, dedupe_key=key)


@deed(COMMIT, max_attempts=3)
def commit_kept(house: House, work: Work) -> Mapping[str, Any]:
    """Record a kept file, whole or not at all. Run twice, it changes nothing the second time."""
    work.progress(0, None, "Reading the file")

    def told(done: int, total: int) -> None:
        work.progress(done, total, "Recording")

    with house.database.writing() as db:
        account = AccountId(int(work.args["account"]))
        done = commit(db, house, work.owner, account, str(work.args["sha256"]), told)
    return {
        "import": int(done.id),
        "added": done.added,
        "repeated": done.repeated,
        "refused": done.refused,
    }


def undo(db: WriteDb, house: House, viewer: Viewer, import_id: ImportId) -> int:
    """Take back exactly the facts of one import; how many. The openings it replaced stand again.

    Raises Misuse naming the later sales that stand on its units, or when it is undone already. A fact of the
    import that was corrected since is the person's own and stays.
    """
    viewer.must_write()
    done = imports.import_of(db, viewer, import_id)
    if done.undone is not None:
        raise Misuse("import", "is already undone")
    home = writable(db, viewer, done.account)
    history = list(transactions.of_account(db, viewer, home.id))
    gone = in_force(transactions.of_import(db, viewer, import_id))
    gone += [fact for fact in in_force(history) if fact.source == _rest_of(import_id)]
    back = _superseded_by(import_id, history)
    must_hold_without(db, viewer, gone, imagined_all((home, o.fact, o.source_key) for o in back))
    now = house.clock.now()
    taken_back = transactions.reverse(db, viewer, [fact.id for fact in gone], source=_by(import_id), now=now)
    for source in sorted({opening.source for opening in back}):
        entries = [transactions.Entry(o.fact, o.source_key) for o in back if o.source == source]
        transactions.append(db, viewer, home.id, Book.LIVE, entries, source=source, now=now)
    imports.mark_undone(db, viewer, import_id, now)
    _note(db, house, viewer, Act.IMPORT_UNDONE, done, home, transactions=taken_back)
    days = [fact.fact.day for fact in [*gone, *back]]
    facts = [fact.fact for fact in back]
    changed(
        db, house, viewer, home.id, min(days, default=None), fresh=facts, gone=[fact.fact for fact in gone]
    )
    return taken_back


def _note(
    db: WriteDb, house: House, viewer: Viewer, act: Act, done: Import, home: Account, *, transactions: int
) -> None:
    """One entry for a file of any length: its name and how many facts it meant."""
    told: dict[str, object] = {"name": done.filename, "account": home.name, "transactions": transactions}
    if act is Act.IMPORTED:
        told |= {"repeated": done.repeated, "refused": done.refused}
    audit.note(db, house, viewer, act, f"import:{done.id}", told)


def _dry_run(
    db: WriteDb, house: House, viewer: Viewer, home: Account, sha256: str
) -> tuple[Upload, ParsedFile, Plan]:
    """The plan as a commit would make it; what it wrote on the way (instruments) is undone."""
    audit.pass_over()
    kept = kept_of(db, viewer, sha256)
    read = parsed(db, viewer, kept)
    with _rolled_back(db):
        return kept, read, _plan(db, house, viewer, home, read)


def _plan(db: WriteDb, house: House, viewer: Viewer, home: Account, read: ParsedFile) -> Plan:
    claims = list(dict.fromkeys(row.instrument for row in read.rows))
    days: dict[InstrumentClaim, TradingDay] = {}
    for row in read.rows:
        days[row.instrument] = min(row.day, days.get(row.instrument, row.day))
    history = in_force(transactions.of_account(db, viewer, home.id))
    held = {kept.fact.instrument for kept in history if kept.fact.instrument is not None}
    ids = as_held(db, resolved(db, house, claims, days=days), held)
    plan = planned(home, read, ids, history, TradingDay(calendar_date(house.clock.now())))
    _must_hold(db, viewer, home, plan)
    return plan


def _must_hold(db: WriteDb, viewer: Viewer, home: Account, plan: Plan) -> None:
    """What the plan would leave, folded with every account it touches."""
    facts = [row.fact for row in plan.fresh] + list(plan.reduced)
    keys = [row.parsed.source_key for row in plan.fresh] + [""] * len(plan.reduced)
    more = imagined_all((home, fact, key) for fact, key in zip(facts, keys, strict=True))
    group = group_of(db, viewer, [*facts, *(opening.fact for opening in plan.superseded)])
    group.without({opening.id for opening in plan.superseded}).with_facts(more).must_hold()


@contextmanager
def _rolled_back(db: WriteDb) -> Iterator[None]:
    """Whatever is written inside is undone at its end, the caller's transaction goes on."""
    trial = db.connection.begin_nested()
    try:
        yield
    finally:
        trial.rollback()


def _superseded_by(import_id: ImportId, history: Sequence[Transaction]) -> list[Transaction]:
    by_id = {fact.id: fact for fact in history}
    return [
        by_id[fact.reverses]
        for fact in history
        if fact.reverses is not None
        and fact.source == _by(import_id)
        and by_id[fact.reverses].source != SOURCE
    ]


def _shown(home: Account, kept: Upload, read: ParsedFile, plan: Plan) -> Preview:
    return Preview(
        home,
        kept.filename,
        read.format,
        read.title,
        kept.sha256,
        rows_total=len(plan.fresh) + plan.repeated + plan.refused,
        fresh=len(plan.fresh),
        repeated=plan.repeated,
        refused=plan.refused,
        problems=plan.problems,
        sample=tuple(shown(row) for row in plan.rows[:_SAMPLE]),
        supersedes=tuple(o.fact.instrument for o in plan.superseded if o.fact.instrument is not None),
        reduces=plan.reduced,
        balances=read.balances,
        warnings=read.warnings,
    )


def _by(import_id: ImportId) -> str:
    """The source of reversals that an import or its undo makes."""
    return f"{SOURCE}:{import_id}"


def _rest_of(import_id: ImportId) -> str:
    """The source of what an import left of a statement's opening; recognised as stated (plans.is_stated)."""
    return f"statement:{import_id}"
