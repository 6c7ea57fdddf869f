"""actions, closes, rates: what the market did, from its source or from files, and what to make of it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunefolio.adapters.prices.files.actions import parse_actions
from tunefolio.adapters.prices.files.prices import parse_closes, parse_rates
from tunefolio.bootstrap.runtime import Runtime
from tunefolio.cli import Exit
from tunefolio.cli.books import account_named
from tunefolio.cli.house import CONSOLE, Bar, open_house, person_of, show, table
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.identity import JobId
from tunefolio.core.missing import Missing
from tunefolio.core.money import plain
from tunefolio.core.people import Viewer
from tunefolio.ledger.files import RowProblem
from tunefolio.market.instruments import AssetClass, InstrumentClaim
from tunefolio.services import actions as deeds
from tunefolio.services import announcements, audit, track
from tunefolio.services import closes as past_closes
from tunefolio.services import rates as past_rates
from tunefolio.services.acts import Act
from tunefolio.services.proposals import Held, Proposal, State, found
from tunefolio.settings import Profile
from tunefolio.store import jobs
from tunefolio.store.db import WriteDb
from tunefolio.store.jobs import OPEN, Job, JobState

_FILE = "file"
_POLL_SECONDS = 0.2
_PATIENCE_POLLS = 3_000
_DEEDS = ("apply", "decline", "undo")


def actions(args: argparse.Namespace) -> int:
    """actions [--all]; --file CSV; --look; --apply, --decline, --undo REFERENCE."""
    with open_house(args) as runtime:
        if args.file is not None:
            return _read_actions(args, runtime, Path(args.file))
        if args.look:
            return run_job(args, runtime, "Corporate actions", deeds.ask_actions)
        if any(getattr(args, name) is not None for name in _DEEDS):
            return _decide(args, runtime)
        return _list(args, runtime)


def closes(args: argparse.Namespace) -> int:
    """closes: fetch what lacks; --file CSV: read day, symbol, close, currency."""
    with open_house(args) as runtime:
        if args.file is None:
            return run_job(args, runtime, "Past prices", track.ask_past)
        parsed = parse_closes(_content(runtime, Path(args.file)))
        rows = [
            (
                InstrumentClaim(row.listing, None, "", _class_of(row.listing.exchange), row.currency),
                row.day,
                row.price,
            )
            for row in parsed.closes
        ]
        with runtime.house.database.writing() as db:
            person_of(db, args.user).viewer.must_write()
            kept, dropped = past_closes.keep(db, runtime.house, rows, source=_FILE)
            _note(db, runtime, Act.PRICES_READ, args.file, {"kept": kept, "dropped": dropped})
    return _told(args, {"kept": kept, "dropped": dropped}, parsed.problems)


def rates(args: argparse.Namespace) -> int:
    """rates: fetch what lacks; --file CSV: read day, base, quote, rate."""
    with open_house(args) as runtime:
        if args.file is None:
            return run_job(args, runtime, "Exchange rates", past_rates.ask_rates)
        parsed = parse_rates(_content(runtime, Path(args.file)))
        with runtime.house.database.writing() as db:
            person_of(db, args.user).viewer.must_write()
            kept = past_rates.keep(db, runtime.house, parsed.rates, source=_FILE)
            _note(db, runtime, Act.RATES_READ, args.file, {"kept": kept})
    return _told(args, {"kept": kept}, parsed.problems)


def _read_actions(args: argparse.Namespace, runtime: Runtime, path: Path) -> int:
    parsed = parse_actions(_content(runtime, path))
    with runtime.house.database.writing() as db:
        person_of(db, args.user).viewer.must_write()
        kept = announcements.keep(db, runtime.house, parsed.claims)
        counts = {"read": len(parsed.claims), "fresh": kept.fresh, "unknown": kept.unknown}
        _note(db, runtime, Act.ACTIONS_READ, args.file, counts)
    return _told(args, counts, parsed.problems)


def _note(db: WriteDb, runtime: Runtime, act: Act, file: str, counts: dict[str, int]) -> None:
    """What the market did is everyone's: the deed stands in nobody's own part."""
    audit.note(db, runtime.house, CONSOLE, act, details={"name": Path(file).name, **counts})


def _list(args: argparse.Namespace, runtime: Runtime) -> int:
    with runtime.house.database.reading() as db:
        viewer = person_of(db, args.user).viewer
        chosen = [account_named(db, viewer, args.account)] if args.account else None
        there = found(db, viewer, chosen)
    shown = [one for one in there if args.all or one.state in (State.PROPOSED, State.WAITING)]
    rows = [_row(one) for one in shown]
    columns = ("reference", "account", "state", "before", "after")
    show(args, rows, table(rows, columns) if rows else "Nothing waits for a decision.")
    return Exit.OK


def _decide(args: argparse.Namespace, runtime: Runtime) -> int:
    house = runtime.house
    with house.database.writing() as db:
        viewer = person_of(db, args.user).viewer
        account = account_named(db, viewer, args.account)
        if args.apply == "all":
            waiting = [one for one in found(db, viewer, [account]) if one.state is State.PROPOSED]
            for one in sorted(waiting, key=lambda one: one.action.ex_day):
                deeds.apply(db, house, viewer, account.id, one.reference)
            done = [one.reference for one in waiting]
        elif args.apply is not None:
            deeds.apply(db, house, viewer, account.id, args.apply)
            done = [args.apply]
        elif args.decline is not None:
            deeds.decline(db, house, viewer, account.id, args.decline)
            done = [args.decline]
        else:
            deeds.undo(db, house, viewer, account.id, args.undo)
            done = [args.undo]
    verb = next(name for name in _DEEDS if getattr(args, name) is not None)
    show(args, {verb: done, "account": account.name}, f"{verb}: {len(done)} in {account.name}")
    return Exit.OK


def _row(one: Proposal) -> dict[str, Any]:
    after = str(one.after) if isinstance(one.after, Missing) else _held(one.after)
    return {
        "reference": one.reference,
        "account": one.account.name,
        "state": one.state.value,
        "kind": one.action.kind.value,
        "symbol": one.instrument.symbol,
        "ex_day": one.action.ex_day,
        "units": plain(one.units),
        "before": _held(one.before),
        "after": after,
        "note": one.action.terms.note,
    }


def _held(several: Sequence[Held]) -> str:
    """`24 at 54.68 = 1312.33 INR`, of each instrument."""
    return "; ".join(f"{plain(one.quantity)} at {_average(one)} = {one.cost}" for one in several)


def _average(one: Held) -> str:
    return "–" if one.average is None else plain(round(one.average.amount, 2))


def run_job(args: argparse.Namespace, runtime: Runtime, title: str, asked: Any) -> int:
    """Ask for the job and see it through, here or in the house that serves."""
    with runtime.house.database.writing() as db:
        viewer = person_of(db, args.user).viewer
        id = asked(db, runtime.house, viewer)
    if id is None:
        raise Misuse("source", "no price source is configured")
    job = _watched(runtime, viewer, id, title)
    show(args, {"state": job.state.value, "result": job.result, "problem": job.problem}, _outcome(title, job))
    if job.state is JobState.DONE:
        return Exit.OK
    return Exit.TRY_AGAIN if job.state in OPEN else Exit.FINDINGS


def _watched(runtime: Runtime, viewer: Viewer, id: JobId, title: str) -> Job:
    if runtime.settings.profile is Profile.UP:
        runtime.run(id)
    with Bar(title) as bar:
        for _ in range(_PATIENCE_POLLS):
            with runtime.house.database.reading() as db:
                job = jobs.job_of(db, viewer, id)
            bar(job.done, job.total, job.stage)
            if job.state not in OPEN or (job.state is JobState.QUEUED and job.problem):
                return job
            time.sleep(_POLL_SECONDS)
    raise Retry("nobody does the job; is the house running?")


def _outcome(title: str, job: Job) -> str:
    counts = ", ".join(
        f"{name} {value}" for name, value in (job.result or {}).items() if value not in ([], 0)
    )
    return f"{title}: {job.problem or counts or 'nothing lacked'}"


def _told(args: argparse.Namespace, counts: dict[str, int], problems: Sequence[RowProblem]) -> int:
    refused = [
        {"row": one.row, "field": one.field, "problem": one.problem, "cure": one.cure} for one in problems
    ]
    lines = [
        f"row {one.row}: {one.field}: {one.problem}" + (f". {one.cure}" if one.cure else "")
        for one in problems
    ]
    text = ", ".join(f"{value} {name}" for name, value in counts.items())
    show(args, {**counts, "problems": refused}, "\n".join([*lines, text]))
    return Exit.FINDINGS if problems else Exit.OK


def _content(runtime: Runtime, path: Path) -> bytes:
    limit = runtime.house.rules.upload_limit_bytes
    try:
        content = path.read_bytes()
    except OSError as refused:
        raise Misuse(
            "file", f"{path}: {refused.strerror}", cure="Give the path of a file you can read"
        ) from None
    if len(content) > limit:
        raise Rejected(f"{path.name} is larger than {limit // 1024 // 1024} MiB")
    return content


def _class_of(exchange: str) -> AssetClass:
    return AssetClass.FUND if exchange == "MF" else AssetClass.EQUITY
