"""The wiring: adapters found by themselves, options to their adapter, every deed on its registry."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.runtime import build, load_deeds, rules_of
from tunefolio.core.errors import Misuse
from tunefolio.ledger.brokers import BROKERS
from tunefolio.services import jobs, timetable
from tunefolio.services.house import SignUp
from tunefolio.settings import Profile, Settings
from tunefolio.store.vault import KeyRing


def settings(home: Path, url: str = "", profile: Profile = Profile.UP, /, **given: str) -> Settings:
    environ = {"TUNEFOLIO_HOME": str(home)} | {f"TUNEFOLIO_{name}": value for name, value in given.items()}
    if url:
        environ["TUNEFOLIO_DATABASE_URL"] = url
    return Settings.from_env(environ, profile=profile, families=adapters.families())


def test_families_are_named_without_importing_an_adapter() -> None:
    assert {"zerodha", "yahoo"} <= set(adapters.families())
    script = (
        "import sys\nfrom tunefolio.bootstrap import adapters\nadapters.families()\n"
        "print([name for name in sys.modules if name.startswith('tunefolio.adapters.') "
        "and name.count('.') > 2])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_adapter_folder_registers_itself() -> None:
    adapters.load()
    assert "zerodha" in BROKERS


def test_an_adapter_of_others_comes_in_by_entry_point_and_a_broken_one_stays_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    points = (
        EntryPoint("fine", "decimal", adapters.GROUP),
        EntryPoint("broken", "tunefolio_of_others.missing", adapters.GROUP),
    )
    monkeypatch.setattr(adapters, "entry_points", lambda group: points if group == adapters.GROUP else ())
    assert {"fine", "broken", "zerodha"} <= set(adapters.families())
    adapters.load()
    [told] = caplog.records
    assert "cannot be imported" in told.getMessage()


BROKEN_FOLDERS = """
import io, json, os, sys
from contextlib import redirect_stdout
import tunefolio.adapters.brokers as shelf

shelf.__path__.append(sys.argv[1])
from tunefolio import cli
from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.runtime import build
from tunefolio.core.errors import Rejected
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.ledger.brokers import AppKeys, BrokerSession
from tunefolio.settings import Settings

failed = adapters.load()
runtime = build(Settings.from_env({"TUNEFOLIO_HOME": sys.argv[2]}))
broker = runtime.house.brokers["ruined"]
session = BrokerSession("AB1", "", Secret("t"), Instant.parse("2026-11-20T10:00:00+05:30"))
said = []
for ask in (
    lambda: broker.statements("", session).fetch(session.expires),
    lambda: broker.quotes("", session).quotes([]),
    lambda: broker.login_url("", ""),
    lambda: broker.exchange(AppKeys("", Secret("")), {}, session.expires),
    lambda: broker.logout("", session),
):
    try:
        ask()
    except Rejected as refusal:
        said.append(str(refusal))
known = sorted(runtime.house.brokers)
runtime.close()
os.environ["TUNEFOLIO_HOME"] = sys.argv[2]
with redirect_stdout(io.StringIO()) as heard:
    ended = cli.main(["doctor", "--json"])
ill = [one["name"] for one in json.loads(heard.getvalue()) if not one["ok"]]
failed = [[one.name, one.place, one.problem, one.cure] for one in failed]
print(json.dumps({"ended": ended, "ill": ill, "failed": failed,
                  "brokers": known, "said": said}))
"""


def test_a_broken_folder_is_reported_and_the_house_opens_without_it(tmp_path: Path) -> None:
    """A broker's folder that fails is stood in for, one of file formats left out; the rest is there."""
    for name, files in {
        "ruined": {"__init__.py": "from tunefolio.adapters.brokers.ruined import broker", "broker.py": "1/0"},
        "shut": {"__init__.py": "", "tables.py": "import a_module_that_is_nowhere", "last.py": "x ="},
        "fine": {"__init__.py": ""},
    }.items():
        folder = tmp_path / "shelf" / name
        folder.mkdir(parents=True)
        for file, text in files.items():
            (folder / file).write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", BROKEN_FOLDERS, tmp_path / "shelf", tmp_path / "folio"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout.splitlines()[-1])
    shelf = "tunefolio.adapters.brokers"
    assert [(name, place) for name, place, _, _ in told["failed"]] == [
        ("ruined", f"{shelf}.ruined"),
        ("shut", f"{shelf}.shut.last"),
        ("shut", f"{shelf}.shut.tables"),
    ]
    problems = [problem for _, _, problem, _ in told["failed"]]
    assert problems[0] == "ZeroDivisionError: division by zero"
    assert problems[1].startswith("SyntaxError")
    assert "a_module_that_is_nowhere" in problems[2]
    assert all("the house runs without it" in cure for *_, cure in told["failed"])
    assert (told["ended"], {"adapter ruined", "adapter shut"} <= set(told["ill"])) == (1, True)
    assert {"ruined", "zerodha"} <= set(told["brokers"])
    assert not {"shut", "fine"} & set(told["brokers"])
    assert len(told["said"]) == 5
    assert all("Ruined: its adapter does not load" in words for words in told["said"])


def test_a_house_is_built_twice_on_the_same_books(database_url: str, tmp_path: Path) -> None:
    for _ in range(2):
        runtime = build(settings(tmp_path / "folio", database_url))
        assert "zerodha" in runtime.house.brokers
        assert runtime.house.sources.rates()
        runtime.start()
        runtime.close()
        runtime.close()
    assert (tmp_path / "folio").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "folio" / "key").stat().st_mode & 0o777 == 0o600


def test_the_key_may_come_from_the_environment(database_url: str, tmp_path: Path) -> None:
    ring = KeyRing([b"k" * 32])
    runtime = build(settings(tmp_path / "folio", database_url, KEY=ring.text()))
    assert runtime.house.vault.keys.sealing == ring.sealing
    assert not (tmp_path / "folio" / "key").exists()
    runtime.close()


@pytest.mark.parametrize("name", ["ZERODHA_ROOT_URL", "ZERODHA_NO_SUCH_OPTION", "YAHOO_TIMEOUT_SECONDS"])
def test_a_wrong_option_names_its_variable(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misuse) as wrong:
        build(settings(tmp_path / "folio", **{name: "nonsense"}))
    assert wrong.value.field == f"TUNEFOLIO_{name}"


def test_the_operators_decisions_become_the_house_rules(tmp_path: Path) -> None:
    rules = rules_of(
        settings(
            tmp_path,
            SIGN_UP="closed",
            SESSION_DAYS="3",
            UPLOAD_LIMIT_MIB="2",
            ENRICHMENT="no",
            PORT="8123",
            ZERODHA_API_KEY="k",
            ZERODHA_API_SECRET="s",
        )
    )
    assert (rules.sign_up, rules.session_days, rules.enrichment) == (SignUp.CLOSED, 3, False)
    assert (rules.upload_limit_bytes, rules.public_url) == (2 * 1024 * 1024, "http://localhost:8123")
    assert rules.operator_apps["zerodha"].api_secret.reveal() == "s"
    assert not rules.rehearsal
    assert rules_of(settings(tmp_path, "", Profile.DEMO)).rehearsal


def test_every_deed_the_timetable_and_the_services_ask_for_is_there() -> None:
    load_deeds()
    assert {"sync", "refresh_quotes", "enrich", "snapshot_sod", "snapshot_eod"} <= set(jobs.DEEDS.names())
    assert {entry.asks for entry in timetable.DUTIES} <= set(jobs.DEEDS.names())


def test_a_source_that_is_not_installed_is_named(tmp_path: Path) -> None:
    environ = {"TUNEFOLIO_HOME": str(tmp_path), "TUNEFOLIO_SOURCES": "yahoo,oracle"}
    with pytest.raises(Misuse, match=r"TUNEFOLIO_SOURCES.*'oracle' is not installed"):
        build(Settings.from_env(environ))
