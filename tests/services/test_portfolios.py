"""Portfolios and accounts, and what is in hand when they are gone."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest

from tests.services.desks import Desk
from tunefolio.core.errors import Forbidden, Misuse, NotFound
from tunefolio.core.people import Role, Viewer
from tunefolio.ledger.notation import parse_line
from tunefolio.services import connect, export, portfolios
from tunefolio.store import accounts, imports
from tunefolio.store import portfolios as shelves

BOOK = """2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.5 #long "first, tranche"
2024-05-01 sell 4 NSE:INFY @ 1600.25
2024-05-02 deposit 5000"""


def members(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_names_are_free_and_plain(desk: Desk) -> None:
    with desk.database.writing() as db:
        house, viewer = desk.house, desk.viewer
        made = portfolios.create_portfolio(db, house, viewer, "  Long   term ")
        assert made.name == "Long term"
        for wrong in ("Long term", "", "x" * 81):
            with pytest.raises(Misuse, match="name"):
                portfolios.create_portfolio(db, house, viewer, wrong)
        portfolios.rename_portfolio(db, house, viewer, made.id, "Long term")
        portfolios.rename_portfolio(db, house, viewer, made.id, "Longer")
        with pytest.raises(Misuse, match="already have an account called By hand"):
            portfolios.create_account(db, house, viewer, made.id, "By hand")
        portfolios.rename_account(db, house, viewer, desk.account.id, "Demat")
        portfolios.move_account(db, house, viewer, desk.account.id, made.id)
        assert accounts.account_of(db, viewer, desk.account.id).portfolio == made.id
        assert portfolios.free_account_name(db, viewer, "Demat") == "Demat 2"


def test_archived_and_restored(desk: Desk) -> None:
    with desk.database.writing() as db:
        house, viewer = desk.house, desk.viewer
        portfolios.archive_portfolio(db, house, viewer, desk.portfolio.id)
        assert portfolios.active_accounts(db, viewer) == ()
        with pytest.raises(Misuse, match="archived"):
            portfolios.create_account(db, house, viewer, desk.portfolio.id, "New")
        portfolios.restore_portfolio(db, house, viewer, desk.portfolio.id)
        portfolios.archive_account(db, house, viewer, desk.account.id)
        assert portfolios.active_accounts(db, viewer) == ()
        portfolios.restore_account(db, house, viewer, desk.account.id)
        assert len(portfolios.active_accounts(db, viewer)) == 1


def test_an_export_can_be_read_back_line_by_line(desk: Desk) -> None:
    desk.write_down(BOOK)
    with desk.database.reading() as db:
        files = members(export.export_portfolio(db, desk.house, desk.viewer, desk.portfolio.id))
    assert sorted(files) == ["README.txt", "book.txt", "holdings.csv", "transactions.csv"]
    dated = [line for line in files["book.txt"].splitlines() if line[:1].isdigit()]
    lines = [line.rpartition(" ^")[0] for line in dated]
    assert lines == BOOK.splitlines()
    for line in lines:
        parse_line(line, lambda _: desk.instrument("INFY"))
    rows = list(csv.DictReader(io.StringIO(files["transactions.csv"])))
    assert [(row["kind"], row["quantity"], row["amount"]) for row in rows] == [
        ("buy", "10", "15000"),
        ("sell", "4", "6401"),
        ("deposit", "", "5000"),
    ]
    (lot,) = csv.DictReader(io.StringIO(files["holdings.csv"]))
    assert (lot["symbol"], lot["isin"], lot["quantity"], lot["cost"]) == (
        "INFY",
        "INE009A01021",
        "6",
        "9007.5",
    )


def test_a_spreadsheet_takes_no_text_for_a_formula(desk: Desk) -> None:
    desk.write_down('2024-05-02 deposit 5000 "=1+1"')
    with desk.database.reading() as db:
        files = members(export.export_all(db, desk.house, desk.viewer))
    (row,) = csv.DictReader(io.StringIO(files["transactions.csv"]))
    assert row["note"] == "'=1+1"


def test_nothing_is_deleted_without_its_export_in_hand(desk: Desk) -> None:
    desk.write_down(BOOK)
    other = desk.neighbour()
    with desk.database.writing() as db:
        with pytest.raises(Misuse, match="Type Main to delete"):
            portfolios.delete_portfolio(db, desk.house, desk.viewer, desk.portfolio.id, confirm_name="main")
        with pytest.raises(NotFound):
            portfolios.delete_portfolio(db, desk.house, other.viewer, desk.portfolio.id, confirm_name="Main")
        reader = Viewer(desk.person.id, Role.READER)
        with pytest.raises(Forbidden):
            portfolios.delete_portfolio(db, desk.house, reader, desk.portfolio.id, confirm_name="Main")
        gone = portfolios.delete_portfolio(
            db, desk.house, desk.viewer, desk.portfolio.id, confirm_name="Main"
        )
    assert gone.filename == "tunefolio-main-2026-11-20.zip"
    assert BOOK.splitlines()[0] in members(gone.content)["book.txt"]
    with desk.database.reading() as db:
        assert shelves.listed(db, desk.viewer) == []
        assert len(shelves.listed(db, other.viewer)) == 1
        kept = imports.find(db, desk.viewer, gone.sha256)
    assert kept is not None
    assert kept.content == gone.content


def test_a_connected_account_is_disconnected_before_it_is_deleted(desk: Desk) -> None:
    home = desk.broker_account()
    with desk.database.writing() as db, pytest.raises(Misuse, match="Disconnect it first"):
        portfolios.delete_account(db, desk.house, desk.viewer, home.id, confirm_name=home.name)
    connect.disconnect(desk.house, desk.viewer, home.id)
    with desk.database.writing() as db:
        portfolios.delete_account(db, desk.house, desk.viewer, home.id, confirm_name=home.name)
        with pytest.raises(NotFound):
            accounts.account_of(db, desk.viewer, home.id)
