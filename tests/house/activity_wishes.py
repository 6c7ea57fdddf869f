"""What each writing page is sent when it is used well; and which ways leave no entry, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.contract.wishes import NEXT
from tests.house.test_routes import Ids
from tests.web.houses import PASSWORD
from tunefolio.services.acts import Act

Key = tuple[str, str]
Form = dict[str, Any]
V1 = "/api/v1"


def _fact(ids: Ids) -> Form:
    return {
        "kind": "buy",
        "day": "2024-05-07",
        "account": ids["account"],
        "instrument": "NSE:INFY",
        "quantity": "2",
        "price": "1500",
    }


def _year(ids: Ids) -> Form:
    return {"taxpayer": ids["taxpayer"], "year": ids["year"]}


_TO_PEOPLE = ("role", "disable", "enable", "sign-out", "end-tokens")

FORMS: Mapping[str, Callable[[Ids], Form]] = {
    "/sign-in": lambda ids: {"email": f"{ids['word']}@example.org", "password": PASSWORD},
    "/sign-up": lambda _: {"name": "New", "email": "new@example.org"},
    "/settings/password": lambda _: {"old_password": PASSWORD, "new_password": NEXT},
    "/settings/email": lambda _: {"email": "another@example.org"},
    "/settings/name": lambda _: {"name": "Another name"},
    "/settings/appearance": lambda _: {"theme": "dark"},
    "/settings/passkeys/{id}/name": lambda _: {"name": "Old phone"},
    "/settings/sectors": lambda ids: {"instrument": ids["instrument"], "sector": "Banks"},
    "/settings/data/delete": lambda ids: {"email": f"{ids['word']}@example.org"},
    "/settings/tokens": lambda _: {"name": "another", "life": "30", "scopes": ["read"], "password": PASSWORD},
    "/prove": lambda _: {"password": PASSWORD},
    "/admin/unlock": lambda _: {"password": PASSWORD},
    "/deposits": lambda ids: {
        "account": ids["account"],
        "symbol": "FD-3",
        "name": "Another deposit",
        "rate": "7",
        "crediting": "quarterly",
        "day": "2024-04-01",
        "amount": "1000",
    },
    "/transactions": _fact,
    "/transactions/{id}": lambda ids: _fact(ids) | {"replaces": ids["transaction"]},
    "/transactions/line": lambda ids: {"account": ids["account"], "text": "2024-05-08 deposit 5"},
    "/transactions/many": lambda ids: {"id": [ids["transaction"]], "deed": "tag", "tag": "long"},
    "/transactions/{id}/tag": lambda _: {"tag": "long"},
    "/transactions/{id}/untag": lambda ids: {"tag": ids["name"]},
    "/allocation/targets": lambda _: {"by": "sector", "name": ["Banks"], "target": ["50"]},
    "/imports/columns": lambda ids: {
        "account": ids["account"],
        "sha256": ids["sheet"],
        "means": ["day", "kind", "symbol", "quantity", "price"],
    },
    "/imports/columns/forget": lambda ids: {"shape": ids["shape"]},
    "/imports/book": lambda ids: {"account": ids["account"], "sha256": ids["text book"]},
    "/imports": lambda ids: {"account": ids["account"], "sha256": ids["sheet"]},
    "/brokers/{broker}/app": lambda _: {"api_key": "abc", "api_secret": "abc"},
    "/portfolios": lambda _: {"name": "New shelf"},
    "/portfolios/{id}/rename": lambda _: {"name": "Renamed"},
    "/portfolios/{id}/delete": lambda ids: {"confirm_name": f"{ids['word']}-spare"},
    "/accounts": lambda ids: {"name": "New desk", "portfolio": ids["portfolio"]},
    "/accounts/{id}/edit": lambda ids: {"name": "Renamed", "portfolio": ids["portfolio"]},
    "/accounts/{id}/delete": lambda ids: {"confirm_name": f"{ids['word']}-desk"},
    "/calendar/overrides": lambda _: {"day": "2026-12-04", "kind": "closed", "note": "Storm"},
    "/calendar/overrides/undo": lambda _: {"day": "2026-12-04"},
    "/tax/told/year": lambda ids: _year(ids) | {"regime": "new", "age": "below_60", "salary": "500000"},
    "/tax/told/losses": lambda ids: (
        _year(ids) | {"of": ["2023-24"], "kind": ["short_term"], "amount": ["5000"]}
    ),
    "/tax/told/taxpayer": lambda ids: {"name": "Another", "residency": "resident", "year": ids["year"]},
    "/tax/told/taxpayer/forget-pan": _year,
    "/tax/told/taxpayer/forget": lambda ids: _year(ids) | {"taxpayer": ids["idle taxpayer"]},
    "/tax/instruments/{id}": lambda _: {"tax_class": "listed_equity"},
    "/tax/facts": lambda ids: {
        "fact": ids["transaction"],
        "instrument": ids["instrument"],
        "way": "off_market",
    },
    "/watchlists": lambda _: {"name": "New list"},
    "/watchlists/watch": lambda ids: {"instrument": ids["instrument"]},
    "/watchlists/{id}/rename": lambda _: {"name": "Renamed"},
    "/watchlists/{id}/lift": lambda _: {"by": "1"},
    "/watchlists/{id}/items": lambda _: {"instrument": "NSE:TATAPOWER"},
    "/watchlists/{id}/items/{instrument}/note": lambda _: {"note": "soon"},
    "/watchlists/{id}/items/{instrument}/lift": lambda _: {"by": "1"},
    "/watchlists/{id}/items/{instrument}/move": lambda ids: {"to": ids["watchlist"]},
    "/alerts": lambda ids: {
        "kind": "price",
        "instrument": ids["instrument"],
        "level": "1448",
        "direction": "up",
        "repeat": "every",
    },
    "/alerts/channels": lambda _: {"kind": "webhook", "target": "https://two.example.org/hook"},
    "/alerts/channels/{id}/confirm": lambda _: {"code": "000000"},
    "/alerts/channels/{id}/mute": lambda _: {"carries": ["price"]},
    "/family/grants": lambda _: {"email": "other-friend@example.org"},
    "/family/links": lambda ids: {"portfolio": ids["portfolio"], "title": "Mine"},
    "/admin/users/{id}/role": lambda _: {"role": "reader"},
    "/admin/invites": lambda _: {"role": "member", "email": "friend@example.org"},
    "/admin/brokers/{broker}/standing": lambda _: {"standing": "stopped", "reason": "terms"},
    "/admin/instruments/{instrument}/correct": lambda _: {"name": "Infosys Ltd", "reason": "a test"},
    "/find/pick": lambda _: {"listing": "1"},
}
"""Bodies by path; a page that is not here is sent nothing."""


THINGS: Mapping[str, Mapping[str, str]] = {
    "/portfolios/{id}/delete": {"portfolio": "spare"},
    "/brokers/{account}/sync": {"account": "linked"},
    "/brokers/{account}/disconnect": {"account": "linked"},
    "/family/grants/{id}/accept": {"grant": "offered"},
    "/family/grants/{id}/leave": {"grant": "offered"},
    "/services/{name}/pause": {"name": "duty name"},
    "/services/{name}/resume": {"name": "duty name"},
    "/services/{name}/run": {"name": "duty name"},
    "/tracking/{id}/again": {"own instrument": "instrument"},
    "/tax/instruments/{id}": {"own instrument": "instrument"},
    **{f"/admin/users/{{id}}/{deed}": {"person": "somebody"} for deed in _TO_PEOPLE},
}
"""Where another of one's things serves better than the one the walks would name."""

FIRST: Mapping[Key, tuple[str, Callable[[Ids], Form]]] = {
    ("POST", "/calendar/overrides/undo"): ("/calendar/overrides", FORMS["/calendar/overrides"]),
    ("POST", "/leaving/stay"): ("/settings/data/delete", FORMS["/settings/data/delete"]),
    ("POST", "/tax/told/taxpayer/forget-pan"): (
        "/tax/told/taxpayer",
        lambda ids: FORMS["/tax/told/taxpayer"](ids) | {"taxpayer": ids["taxpayer"], "pan": "ABCPD1234E"},
    ),
    ("POST", "/admin/instruments/{instrument}/clear"): (
        "/admin/instruments/{instrument}/correct",
        FORMS["/admin/instruments/{instrument}/correct"],
    ),
    ("DELETE", f"{V1}/admin/instruments/{{instrument}}/correction"): (
        "/admin/instruments/{instrument}/correct",
        FORMS["/admin/instruments/{instrument}/correct"],
    ),
}
"""What is sent first, by whoever asks."""

BY_MEMBER = ("/leaving", "/settings/data/delete", "/leaving/stay")
"""What the last admin may not do."""

_ASKS = "it asks for a step of its own; what that step does is noted"
_LOOKS = "it looks ahead and keeps nothing"
_REFUSED = "it is refused with its reason, always"
SILENT: Mapping[Key, str] = {
    ("POST", "/hooks/{broker}"): "the broker's word and nobody's deed; the sync it asks for is noted",
    **{("POST", f"{at}/auth/refresh"): "a program goes on with its sign-in, every hour" for at in ("", V1)},
    **{
        ("POST", f"{V1}{path}"): _ASKS
        for path in (
            "/factors/authenticator",
            "/proof/options",
            "/passkeys/options",
            "/session/passkey/options",
            "/brokers/{broker}/login",
        )
    },
    **{
        ("POST", path): _ASKS
        for path in ("/settings/authenticator", "/sign-in/oidc", "/prove/oidc", "/settings/identities")
    },
    ("POST", "/sign-in/oidc/not-now"): "she chose neither, and nothing was made",
    **{
        ("POST", path): "a stranger's wish; the job that finds the person notes it"
        for path in ("/forgot", f"{V1}/password/forgot")
    },
    **{
        ("POST", path): "a stranger's wish; joining is noted once the mailed link is used"
        for path in ("/sign-up", f"{V1}/persons")
    },
    **{
        ("POST", path): _LOOKS
        for path in (
            "/transactions/preview",
            "/imports/preview",
            "/imports/rows",
            "/imports/columns/again",
            "/charges/notes/{day}/ask",
            f"{V1}/transactions/preview",
            f"{V1}/accounts/{{id}}/imports/preview",
            f"{V1}/accounts/{{id}}/imports/upload",
            f"{V1}/accounts/{{id}}/imports/rows",
            f"{V1}/alerts/preview",
            f"{V1}/charges/note",
            f"{V1}/charges/notes/compare",
            f"{V1}/tax/what-if",
        )
    },
    **{
        ("POST", f"{at}/notices/{what}"): "what was told is marked as seen"
        for at in ("", V1)
        for what in ("read", "{id}/read")
    },
    ("DELETE", f"{V1}/admin/users/{{id}}"): _REFUSED,
    ("DELETE", f"{V1}/admin/portfolios/{{id}}"): _REFUSED,
    ("DELETE", f"{V1}/admin/accounts/{{id}}"): _REFUSED,
    ("POST", f"{V1}/admin/accounts/{{id}}/transactions"): _REFUSED,
    ("DELETE", f"{V1}/admin/instruments/{{instrument}}"): _REFUSED,
    ("DELETE", f"{V1}/admin/audit"): _REFUSED,
}
"""Ways that leave no entry, and why none is missed."""


ELSEWHERE: Mapping[str, Mapping[Act, tuple[str, ...]]] = {
    "services/test_factors.py": {
        Act.FACTOR_ON: (f"{V1}/factors/authenticator/confirm", "/settings/authenticator/confirm"),
        Act.FACTOR_OFF: (f"{V1}/factors/authenticator", "/settings/authenticator/off"),
        Act.CODES_RENEWED: (f"{V1}/factors/recovery-codes", "/settings/authenticator/codes"),
    },
    "services/test_passkeys.py": {
        Act.PASSKEY_ADDED: (f"{V1}/passkeys",),
        Act.SIGNED_IN: (f"{V1}/session/passkey", "/sign-in/code"),
    },
    "services/test_recovery.py": {
        Act.PASSWORD_RESET: ("/reset", f"{V1}/password/reset"),
        Act.EMAIL_VERIFIED: ("/confirm", f"{V1}/email/confirm"),
    },
    "services/test_sign_ups.py": {Act.JOINED: ("/sign-up/confirm", f"{V1}/persons/confirm")},
    "web/test_settings_pages.py": {Act.CHANNEL_MUTED: ("/settings/notifications",)},
    "services/test_masters.py": {
        Act.INSTRUMENT_PICKED: (f"{V1}/instruments", "/find/pick"),
        Act.LISTS_ASKED: (f"{V1}/instruments/refresh", "/instruments/refresh"),
    },
    "services/test_actions.py": {Act.ACTIONS_ASKED: ("/actions/look",)},
    "services/test_rates.py": {Act.RATES_ASKED: ("/tax/rates",)},
    "services/test_credentials.py": {
        Act.BROKER_LINKED: (f"{V1}/brokers/{{broker}}/session", "/brokers/{broker}/login"),
    },
    "services/test_deliver.py": {
        Act.CHANNEL_PROVEN: (f"{V1}/channels/{{id}}/confirm", "/alerts/channels/{id}/confirm"),
        Act.CHANNEL_CODE: (f"{V1}/channels/{{id}}/code", "/alerts/channels/{id}/code"),
    },
    "web/test_oidc.py": {
        Act.IDENTITY_UNLINKED: ("/settings/identities/{id}/delete",),
        Act.PASSWORD_CHANGED: ("/settings/password/first", f"{V1}/password"),
    },
    "web/test_oidc_newcomers.py": {
        Act.JOINED: ("/sign-in/oidc/new",),
        Act.IDENTITY_LINKED: ("/sign-in/oidc/connect",),
    },
    "web/test_health.py": {
        Act.BARS_SETTLED: tuple(
            f"{at}/{deed}"
            for at in (f"{V1}/data-health/quarantine", "/data-health")
            for deed in ("accept", "drop", "replace")
        ),
    },
    "web/test_admin.py": {
        Act.JOB_RETRIED: (f"{V1}/admin/jobs/{{id}}/retry", "/admin/jobs/{id}/retry"),
        Act.JOB_CANCELLED: (f"{V1}/admin/jobs/{{id}}/cancel", "/admin/jobs/{id}/cancel"),
    },
    "web/test_desk_pages.py": {
        Act.ACTION_APPLIED: ("/actions/apply", "/actions/apply-all"),
        Act.ACTION_DECLINED: ("/actions/decline",),
        Act.ACTION_UNDONE: ("/actions/undo",),
        Act.FACT_RECORDED: ("/actions/complete",),
        Act.BREAK_REPAIRED: (f"{V1}/breaks/repair", "/breaks/repair"),
    },
}
"""Ways that cannot succeed in this house, and the file that proves which entry they leave."""
