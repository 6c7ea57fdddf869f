"""What an export of everything holds, table by table, and what it leaves out: every owned table stands in one
of the two lists, each with its sentence. Rules: docs/spec/leaving.md.
"""

from __future__ import annotations

from collections.abc import Mapping

EXPORTED: Mapping[str, str] = {
    "portfolios": "portfolios",
    "accounts": "accounts in them; lot_method is how sales take lots",
    "transactions": "every fact ever recorded; `reverses` names the fact that a row takes back",
    "tags": "tags",
    "taggings": "which transaction has which tag",
    "imports": "files that were imported, with how many rows were added, repeated, refused",
    "uploads": "files that were sent; their contents lie under files/",
    "unread_rows": "rows of brokers that could not be read, with the reason",
    "mappings": "what the columns of your own files mean",
    "statements": "what brokers said is held, by moment",
    "holdings": "the lines of those statements",
    "snapshots": "frozen valuations",
    "snapshot_lines": "their lines",
    "connections": "brokers that are linked, without their tokens",
    "action_decisions": "corporate actions that were applied or declined",
    "targets": "which share a slice of a portfolio should have; portfolio 0 is all of them",
    "sector_overrides": "your own word on sectors",
    "alerts": "alerts",
    "notices": "what you were told",
    "channels": "where you are told, without the addresses and keys themselves",
    "deliveries": "which notice went which way",
    "watchlists": "watchlists",
    "watchlist_items": "what is on them",
    "taxpayers": "taxpayers, without permanent account numbers",
    "taxpayer_accounts": "whose accounts are whose",
    "tax_years": "what was told of a year: regime, other income",
    "tax_losses": "losses brought forward",
    "tax_instruments": "what was told of an instrument for tax",
    "tax_deeds": "what was told of a transaction for tax",
    "grants": "leave that you gave to look at your books",
    "shared_links": "public links, without what opens them",
    "invites": "invites that you made, without their codes",
    "jobs": "work that was done for you",
    "audit": "activity: what you did and what was done to you",
    "sessions": "sign-ins, without what proves them",
    "personal_tokens": "API tokens, without the tokens",
    "passkeys": "passkeys by name, without their keys",
    "authenticators": "since when an authenticator is on, without its secret",
    "external_identities": "accounts elsewhere that sign you in",
    "devices": "browsers that are known, without what they are known by",
    "exports": "exports of everything",
}
"""By table: what its rows are, as the README of an export says it."""

LEFT_OUT: Mapping[str, str] = {
    "day_rows": "computed from the transactions",
    "day_states": "computed from the transactions",
    "login_states": "single-use secrets of a log-in at a broker, minutes long",
    "challenges": "single-use secrets of signing in, minutes long",
    "mail_links": "single-use secrets sent by mail",
    "recovery_codes": "hashes of secrets and nothing else",
    "refresh_tokens": "hashes of secrets; their sign-ins are in `sessions`",
    "proofs": "when you last proved yourself, for a quarter of an hour",
    "broker_apps": "keys of your own applications at brokers",
    "export_parts": "the earlier exports themselves",
}
"""By table: why none of its rows is exported."""

HIDDEN: Mapping[str, frozenset[str]] = {
    "uploads": frozenset({"content"}),
    "connections": frozenset({"api_key", "token", "credentials"}),
    "channels": frozenset({"target", "code_hash", "code_until", "code_tries"}),
    "taxpayers": frozenset({"pan"}),
    "shared_links": frozenset({"token_hash"}),
    "invites": frozenset({"code_hash"}),
    "sessions": frozenset({"token_hash"}),
    "personal_tokens": frozenset({"token_hash"}),
    "passkeys": frozenset({"credential_id", "public_key", "sign_count"}),
    "authenticators": frozenset({"secret", "last_step"}),
    "devices": frozenset({"token_hash"}),
    "jobs": frozenset({"lease_holder", "lease_until", "dedupe_key"}),
}
"""Columns that are secrets, hashes of secrets, or contents that lie elsewhere in the export."""


def hidden(table: str) -> frozenset[str]:
    """Columns of the table that no export shows."""
    return HIDDEN.get(table, frozenset())
