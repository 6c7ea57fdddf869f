"""Tables of what proves a person besides the password, and of the steps between the door and the room."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy import Integer as Int

from tunefolio.store.columns import At, Bytes, Id, Json
from tunefolio.store.declare import id_column, needed, owner, table

authenticators = table(
    "authenticators",
    id_column(),
    owner(),
    Column("secret", Bytes),
    needed("created_at", At()),
    Column("confirmed_at", At()),
    needed("last_step", Int, server_default=text("0")),
    UniqueConstraint("owner_id"),
)
"""A person's app of one-time codes. secret: sealed. It counts once confirmed_at is set by a right code;
last_step: the half minute of the newest code taken, so that none counts twice."""

recovery_codes = table(
    "recovery_codes",
    Column("owner_id", Id, ForeignKey("persons.id"), primary_key=True, autoincrement=False),
    Column("code_hash", Text, primary_key=True),
    needed("made_at", At()),
    Column("used_at", At()),
)

passkeys = table(
    "passkeys",
    id_column(),
    owner(),
    needed("credential_id", Bytes, unique=True),
    needed("public_key", Bytes),
    needed("sign_count", Id),
    needed("transports", Json()),
    needed("name", Text),
    needed("created_at", At()),
    Column("used_at", At()),
    UniqueConstraint("owner_id", "name"),
)

challenges = table(
    "challenges",
    id_column(),
    Column("owner_id", Id, ForeignKey("persons.id")),
    needed("kind", Text),
    needed("token_hash", Text, unique=True),
    Column("words", Bytes),
    needed("tries", Int, server_default=text("0")),
    needed("created_at", At()),
    needed("expires_at", At()),
    Column("used_at", At()),
    CheckConstraint(
        "kind in ('second_step', 'passkey_new', 'passkey_sign_in', 'passkey_proof', 'provider_sign_in', "
        "'provider_link', 'provider_proof')",
        name="kind",
    ),
)
"""One attempt each: single use, minutes long, bound to the browser that holds its token. owner_id: None while
nobody has said who she is. words: what an authenticator has to sign, or what a visit to a provider
was for."""

mail_links = table(
    "mail_links",
    id_column(),
    owner(),
    needed("kind", Text),
    needed("email", Text),
    Column("token_hash", Text, unique=True),
    needed("asked_at", At()),
    needed("expires_at", At()),
    Column("used_at", At()),
    Index("ix_mail_links_owner", "owner_id", "id"),
    CheckConstraint("kind in ('verify', 'change', 'reset')", name="kind"),
)
"""A link for a person's mailbox, good once. token_hash: None until it was handed out, by mail or to the
operator; handed out again, the one before no longer counts. email: the address it is about."""

sign_ups = table(
    "sign_ups",
    id_column(),
    needed("email", Text),
    needed("name", Text),
    Column("token_hash", Text, unique=True),
    needed("asked_at", At()),
    needed("expires_at", At()),
    Index("ix_sign_ups_email", "email"),
)
"""Wishes for an account in a house that is open and sends mail: nobody's yet, so no owner. token_hash: None
until the link was mailed. The row goes when the link is used, when a newer one is mailed, when it ran out."""

devices = table(
    "devices",
    id_column(),
    owner(),
    needed("token_hash", Text),
    needed("created_at", At()),
    needed("seen_at", At()),
    UniqueConstraint("owner_id", "token_hash"),
)
"""Browsers that a person has signed in with, by a cookie that outlives the session."""

external_identities = table(
    "external_identities",
    id_column(),
    owner(),
    needed("issuer", Text),
    needed("subject", Text),
    needed("email", Text),
    needed("created_at", At()),
    Column("used_at", At()),
    UniqueConstraint("issuer", "subject"),
    UniqueConstraint("owner_id", "issuer"),
)
"""Whom an outside provider of identities means by its subject; one of each provider. email: as it called her
when they were linked, to recognise the link by; it decides nothing."""
