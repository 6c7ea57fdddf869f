"""The schema's history, oldest first in versions/; run by store.schema through Alembic."""
