"""Settings: read once, checked with a sentence, every one documented."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from tunefolio.core.errors import Misuse
from tunefolio.settings import OPTIONS, VARIABLES, Profile, Settings

HOME = {"HOME": "/srv/asha"}
FAMILIES = ("yahoo", "zerodha")


def settings(profile: Profile = Profile.UP, /, **given: str) -> Settings:
    environ = HOME | {f"TUNEFOLIO_{name}": value for name, value in given.items()}
    return Settings.from_env(environ, profile=profile, families=FAMILIES)


def test_nothing_set_gives_a_house_for_one_machine() -> None:
    plain = settings()
    assert plain.home == Path("/srv/asha/.local/share/tunefolio")
    assert plain.database_url == "sqlite:////srv/asha/.local/share/tunefolio/tunefolio.db"
    assert plain.key_file == plain.home / "key"
    assert (plain.host, plain.port, plain.public_url) == ("127.0.0.1", 8000, "http://localhost:8000")
    assert (plain.sign_up, plain.insecure_cookies, plain.enrichment) == ("invite", False, True)


def test_the_folder_follows_xdg_and_the_demo_stands_beside_it() -> None:
    environ = {"XDG_DATA_HOME": "/data"}
    assert Settings.from_env(environ).home == Path("/data/tunefolio")
    assert Settings.from_env(environ, profile=Profile.DEMO).home == Path("/data/tunefolio-demo")
    assert settings(Profile.DEMO, HOME="/srv/folio").home == Path("/srv/folio-demo")


def test_the_demo_never_reads_the_real_database_or_key() -> None:
    demo = settings(Profile.DEMO, DATABASE_URL="postgresql://real/books", KEY="real", KEY_FILE="/real/key")
    assert demo.database_url == f"sqlite:///{demo.home}/tunefolio.db"
    assert demo.key is None
    assert demo.key_file == demo.home / "key"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::"])
def test_the_demo_refuses_other_machines(host: str) -> None:
    with pytest.raises(Misuse, match=r"TUNEFOLIO_HOST.*other machines"):
        settings(Profile.DEMO, HOST=host)
    assert settings(HOST=host).host == host


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "0", "whole number from 1 to 65535"),
        ("PORT", "80a", "whole number"),
        ("PORT", "-1", "whole number"),
        ("SIGN_UP", "anyone", "open, invite, closed"),
        ("LOG", "xml", "plain, json"),
        ("LOG_LEVEL", "loud", "debug, info, warning, error"),
        ("INSECURE_COOKIES", "maybe", "yes or no"),
        ("DATABASE_URL", "mysql://x/y", "neither SQLite nor PostgreSQL"),
        ("PUBLIC_URL", "folio.example.org", "https://folio.example.org"),
        ("PUBLIC_URL", "https://example.org/folio", "not the address of a host"),
        ("SESSION_DAYS", "400", "1 to 365"),
        ("UPLOAD_LIMIT_MIB", "0", "1 to 1024"),
        ("API_PER_MINUTE", "-1", "0 to 1000000"),
        ("ACCESS_MINUTES", "0", "1 to 1440"),
        ("CORS_ORIGINS", "app.example.org", "https://app.example.org"),
        ("CORS_ORIGINS", "https://app.example.org/page", "not an origin"),
        ("CORS_ORIGINS", "https://*.example.org", "not an origin"),
        ("CORS_ORIGINS", "*,https://app.example.org", "not an origin"),
        ("OIDC_ISSUER", "http://id.example.org", "https://id.example.org"),
        ("OIDC_ISSUER", "https://id.example.org/?a=b", "not the address of an issuer"),
        ("OIDC_SCOPES", "email profile", "lacks openid"),
        ("OIDC_SIGN_UP", "anyone", "same, open, invite, closed"),
        ("OIDC_SECOND_FACTOR", "none", "house, provider"),
    ],
)
def test_a_wrong_value_names_the_variable_and_the_cure(name: str, value: str, words: str) -> None:
    with pytest.raises(Misuse, match=words) as wrong:
        settings(**{name: value})
    assert wrong.value.field == f"TUNEFOLIO_{name}"
    assert wrong.value.cure


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("TUNEFOLIO_PROT", "TUNEFOLIO_PORT"),
        ("TUNEFOLIO_DATABASE", "TUNEFOLIO_DATABASE_URL"),
        ("TUNEFOLIO_SIGNUP", "TUNEFOLIO_SIGN_UP"),
        ("TUNEFOLIO_ZERODA_API_KEY", "TUNEFOLIO_ZERODHA_API_KEY"),
    ],
)
def test_an_unknown_variable_names_the_nearest(wrong: str, right: str) -> None:
    with pytest.raises(Misuse, match=f"{right}\\?") as unknown:
        Settings.from_env(HOME | {wrong: "1"}, families=FAMILIES)
    assert unknown.value.field == wrong


def test_what_tests_and_other_programs_set_is_left_alone() -> None:
    Settings.from_env(HOME | {"TUNEFOLIO_TEST_CLUSTER": "x", "TUNEFOLIO_DATA": "y", "OTHER": "z"})


def test_options_go_to_their_adapter_and_the_application_to_the_operator() -> None:
    made = settings(
        ZERODHA_API_KEY="k", ZERODHA_API_SECRET="s", ZERODHA_ROOT_URL="http://127.0.0.1:9", YAHOO_ROOT_URL=""
    )
    assert made.options_of("zerodha") == {"root_url": "http://127.0.0.1:9"}
    assert made.options_of("yahoo") == {}
    assert made.options["zerodha"]["api_secret"].reveal() == "s"
    assert "'s'" not in repr(made)


def test_an_application_needs_both_halves() -> None:
    with pytest.raises(Misuse, match="TUNEFOLIO_ZERODHA_API_KEY"):
        settings(ZERODHA_API_KEY="k")


def test_plain_http_elsewhere_needs_the_explicit_insecure_choice() -> None:
    with pytest.raises(Misuse, match="INSECURE_COOKIES=yes"):
        settings(PUBLIC_URL="http://folio.home:8000")
    assert settings(PUBLIC_URL="http://folio.home:8000", INSECURE_COOKIES="yes").insecure_cookies
    assert settings(PUBLIC_URL="https://folio.example.org/").public_url == "https://folio.example.org"


def test_every_field_stands_in_the_one_table_with_a_sentence() -> None:
    given = {variable.field for variable in VARIABLES}
    assert given | {"profile", "options"} == {field.name for field in fields(Settings)}
    assert len({variable.name for variable in VARIABLES}) == len(VARIABLES)
    for sentence in [variable.sentence for variable in VARIABLES] + [meaning for _, meaning in OPTIONS]:
        assert len(sentence) > 20
        assert sentence.endswith(".")


def test_secrets_do_not_show() -> None:
    assert "hunter2" not in repr(settings(KEY="hunter2"))


def test_origins_are_exact_or_any() -> None:
    assert settings().cors_origins == ()
    several = "https://a.example.org/, http://localhost:5173,https://a.example.org"
    assert settings(CORS_ORIGINS=several).cors_origins == ("https://a.example.org", "http://localhost:5173")
    assert settings(CORS_ORIGINS="*").cors_origins == ("*",)


def test_a_provider_of_identities_needs_to_know_what_the_house_is_called_there() -> None:
    issuer = "https://id.example.org/realms/home/"
    with pytest.raises(Misuse, match="TUNEFOLIO_OIDC_CLIENT_ID"):
        settings(OIDC_ISSUER=issuer)
    made = settings(
        OIDC_ISSUER=issuer, OIDC_CLIENT_ID="folio", OIDC_CLIENT_SECRET="hush", OIDC_SCOPES="openid,email"
    )
    assert made.oidc_issuer == issuer, "to the letter: tokens name it so"
    assert made.oidc_scopes == "openid email"
    assert "hush" not in repr(made)
