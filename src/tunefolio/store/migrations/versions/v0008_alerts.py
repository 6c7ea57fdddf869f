"""Watchlists, alerts, notices and where they are delivered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Bytes, Day, Exact, Id, Json

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}


def upgrade() -> None:
    _watchlists()
    _alerts()
    _notices()
    _channels()


def downgrade() -> None:
    for name in ("deliveries", "channels", "notices", "alerts", "watchlist_items", "watchlists"):
        op.drop_table(name)


def _id() -> sa.Column[int]:
    return sa.Column("id", Id, autoincrement=True)


def _owner() -> sa.Column[int]:
    return sa.Column("owner_id", Id, nullable=False)


def _owned(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name=f"fk_{table}_owner_id")


def _index_where(condition: str, name: str, table: str, columns: list[str]) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _watchlists() -> None:
    op.create_table(
        "watchlists",
        _id(),
        _owner(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        _owned("watchlists"),
        sa.PrimaryKeyConstraint("id", name="pk_watchlists"),
        sa.UniqueConstraint("owner_id", "name", name="uq_watchlists_owner_id_name"),
        **STRICT,
    )
    op.create_table(
        "watchlist_items",
        _owner(),
        sa.Column("watchlist_id", Id, nullable=False),
        sa.Column("instrument_id", Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("added_at", At(), nullable=False),
        _owned("watchlist_items"),
        sa.ForeignKeyConstraint(
            ["watchlist_id"], ["watchlists.id"], name="fk_watchlist_items_watchlist_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name="fk_watchlist_items_instrument_id"
        ),
        sa.PrimaryKeyConstraint("watchlist_id", "instrument_id", name="pk_watchlist_items"),
        **STRICT,
    )
    op.create_index("ix_watchlist_items_instrument", "watchlist_items", ["instrument_id"])


def _alerts() -> None:
    op.create_table(
        "alerts",
        _id(),
        _owner(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("instrument_id", Id),
        sa.Column("portfolio_id", Id),
        sa.Column("account_id", Id),
        sa.Column("parameters", Json(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("repeat", sa.Text(), nullable=False),
        sa.Column("hysteresis", Exact(8), nullable=False),
        sa.Column("cooldown_seconds", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("side", sa.Text()),
        sa.Column("value", Exact(8)),
        sa.Column("valued_at", At()),
        sa.Column("fired_at", At()),
        sa.Column("fired", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("wake_above", Exact(8)),
        sa.Column("wake_below", Exact(8)),
        sa.Column("until_at", At()),
        sa.Column("base", Exact(8)),
        sa.Column("leveled_day", Day()),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("basis_day", Day(), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        _owned("alerts"),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name="fk_alerts_instrument_id"),
        sa.ForeignKeyConstraint(
            ["portfolio_id"], ["portfolios.id"], name="fk_alerts_portfolio_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_alerts_account_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint("state in ('armed', 'fired', 'paused', 'done')", name=op.f("ck_alerts_state")),
        sa.CheckConstraint("repeat in ('once', 'daily', 'every')", name=op.f("ck_alerts_repeat")),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        **STRICT,
    )
    op.create_index("ix_alerts_owner", "alerts", ["owner_id", "id"])
    op.create_index("ix_alerts_instrument", "alerts", ["instrument_id", "state"])
    op.create_index("ix_alerts_kind", "alerts", ["kind", "state"])


def _notices() -> None:
    op.create_table(
        "notices",
        _id(),
        _owner(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), server_default="", nullable=False),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("alert_id", Id),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("read_at", At()),
        _owned("notices"),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_notices_alert_id", ondelete="SET NULL"),
        sa.CheckConstraint("urgency in ('info', 'warning', 'critical')", name=op.f("ck_notices_urgency")),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("owner_id", "event_key", name="uq_notices_owner_id_event_key"),
        **STRICT,
    )
    op.create_index("ix_notices_owner", "notices", ["owner_id", "id"])
    op.create_index("ix_notices_alert", "notices", ["alert_id"])
    _index_where("read_at IS NULL", "ix_notices_unread", "notices", ["owner_id"])


def _channels() -> None:
    op.create_table(
        "channels",
        _id(),
        _owner(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", Bytes()),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("muted", Json(), nullable=False),
        sa.Column("code_hash", sa.Text()),
        sa.Column("code_until", At()),
        sa.Column("code_tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("verified_at", At()),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("problem_at", At()),
        sa.Column("created_at", At(), nullable=False),
        _owned("channels"),
        sa.CheckConstraint("kind in ('email', 'webhook', 'telegram')", name=op.f("ck_channels_kind")),
        sa.PrimaryKeyConstraint("id", name="pk_channels"),
        **STRICT,
    )
    op.create_index("ix_channels_owner", "channels", ["owner_id", "id"])
    op.create_table(
        "deliveries",
        _id(),
        _owner(),
        sa.Column("notice_id", Id, nullable=False),
        sa.Column("channel_id", Id, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", At(), nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("sent_at", At()),
        _owned("deliveries"),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notices.id"], name="fk_deliveries_notice_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_deliveries_channel_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "state in ('queued', 'sending', 'sent', 'failed', 'given_up')", name=op.f("ck_deliveries_state")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("notice_id", "channel_id", name="uq_deliveries_notice_id_channel_id"),
        **STRICT,
    )
    op.create_index("ix_deliveries_owner", "deliveries", ["owner_id", "id"])
    op.create_index("ix_deliveries_channel", "deliveries", ["channel_id"])
