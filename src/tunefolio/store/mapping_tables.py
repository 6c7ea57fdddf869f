"""The table of column maps: what a person said the columns of a file mean, for the next file like it."""

from __future__ import annotations

from sqlalchemy import Text, UniqueConstraint

from tunefolio.store.columns import At, Json
from tunefolio.store.declare import id_column, needed, owner, table

mappings = table(
    "mappings",
    id_column(),
    owner(),
    needed("shape", Text),
    needed("title", Text),
    needed("map", Json()),
    needed("updated_at", At()),
    UniqueConstraint("owner_id", "shape"),
)
"""One row a person and shape of header. map: as ledger.columnmaps.as_json writes it."""
