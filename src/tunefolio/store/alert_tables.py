"""Tables of watchlists, alerts and what they tell: every row is one person's."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy import Integer as Int

from tunefolio.store.columns import PRICE, At, Bytes, Day, Id, Json
from tunefolio.store.declare import id_column, index_where, link, needed, owner, table

watchlists = table(
    "watchlists",
    id_column(),
    owner(),
    needed("name", Text),
    needed("position", Int),
    needed("created_at", At()),
    UniqueConstraint("owner_id", "name"),
)

watchlist_items = table(
    "watchlist_items",
    owner(),
    Column("watchlist_id", Id, ForeignKey("watchlists.id", ondelete="CASCADE"), primary_key=True),
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True),
    needed("position", Int),
    needed("note", Text, server_default=""),
    needed("added_at", At()),
    Index("ix_watchlist_items_instrument", "instrument_id"),
)

alerts = table(
    "alerts",
    id_column(),
    owner(),
    needed("kind", Text),
    Column("instrument_id", Id, ForeignKey("instruments.id")),
    Column("portfolio_id", Id, ForeignKey("portfolios.id", ondelete="CASCADE")),
    Column("account_id", Id, ForeignKey("accounts.id", ondelete="CASCADE")),
    needed("parameters", Json()),
    needed("note", Text, server_default=""),
    needed("repeat", Text),
    needed("hysteresis", PRICE),
    needed("cooldown_seconds", Int),
    needed("state", Text),
    Column("side", Text),
    Column("value", PRICE),
    Column("valued_at", At()),
    Column("fired_at", At()),
    needed("fired", Int, server_default=text("0")),
    Column("wake_above", PRICE),
    Column("wake_below", PRICE),
    Column("until_at", At()),
    Column("base", PRICE),
    Column("leveled_day", Day()),
    needed("problem", Text, server_default=""),
    needed("revision", Int),
    needed("basis_day", Day()),
    needed("created_at", At()),
    Index("ix_alerts_owner", "owner_id", "id"),
    Index("ix_alerts_instrument", "instrument_id", "state"),
    Index("ix_alerts_kind", "kind", "state"),
    CheckConstraint("state in ('armed', 'fired', 'paused', 'done')", name="state"),
    CheckConstraint("repeat in ('once', 'daily', 'every')", name="repeat"),
)
"""wake_above, wake_below, until_at, base: when a quote must be looked at (core/alerts.py), exact at 8 places.

basis_day: in whose units the levels of `parameters` are written, before later splits; leveled_day: the day
for which the wake levels were worked out. revision: counts changes; whoever writes names the one it read.
"""

notices = table(
    "notices",
    id_column(),
    owner(),
    needed("kind", Text),
    needed("urgency", Text),
    needed("title", Text),
    needed("body", Text),
    needed("link", Text, server_default=""),
    needed("event_key", Text),
    Column("alert_id", Id, ForeignKey("alerts.id", ondelete="SET NULL")),
    needed("created_at", At()),
    Column("read_at", At()),
    UniqueConstraint("owner_id", "event_key"),
    Index("ix_notices_owner", "owner_id", "id"),
    Index("ix_notices_alert", "alert_id"),
    index_where("read_at IS NULL", "ix_notices_unread", "owner_id"),
    CheckConstraint("urgency in ('info', 'warning', 'critical')", name="urgency"),
)

channels = table(
    "channels",
    id_column(),
    owner(),
    needed("kind", Text),
    Column("target", Bytes),
    needed("hint", Text),
    needed("muted", Json()),
    Column("code_hash", Text),
    Column("code_until", At()),
    needed("code_tries", Int, server_default=text("0")),
    Column("verified_at", At()),
    needed("problem", Text, server_default=""),
    Column("problem_at", At()),
    needed("created_at", At()),
    Index("ix_channels_owner", "owner_id", "id"),
    CheckConstraint("kind in ('email', 'webhook', 'telegram')", name="kind"),
)
"""target: sealed by the vault for this very row; hint: as much of it as a page may show."""

deliveries = table(
    "deliveries",
    id_column(),
    owner(),
    link("notice_id", "notices", on_delete="CASCADE"),
    link("channel_id", "channels", on_delete="CASCADE"),
    needed("state", Text),
    needed("attempts", Int),
    needed("due_at", At()),
    needed("problem", Text, server_default=""),
    Column("sent_at", At()),
    UniqueConstraint("notice_id", "channel_id"),
    Index("ix_deliveries_owner", "owner_id", "id"),
    Index("ix_deliveries_channel", "channel_id"),
    CheckConstraint("state in ('queued', 'sending', 'sent', 'failed', 'given_up')", name="state"),
)
