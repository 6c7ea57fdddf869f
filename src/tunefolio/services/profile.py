"""What a person is called, and how the pages look to her."""

from __future__ import annotations

from tunefolio.core.errors import Misuse
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import name_of
from tunefolio.services import audit
from tunefolio.services.acts import Act
from tunefolio.services.house import House
from tunefolio.store import persons
from tunefolio.store.db import WriteDb

THEMES = ("system", "light", "dark")


def rename(db: WriteDb, house: House, viewer: Viewer, name: str) -> None:
    """Raises Misuse for a bad name."""
    former = persons.person_of(db, viewer.person)
    persons.rename(db, viewer, name_of(name))
    told = {"before": former.name, "after": name_of(name)}
    audit.note(db, house, viewer, Act.RENAMED, f"person:{viewer.person}", told)


def choose_theme(db: WriteDb, house: House, viewer: Viewer, theme: str) -> None:
    """Light, dark or as the system; kept with the person, so every device paints it first. Raises Misuse."""
    if theme not in THEMES:
        raise Misuse("theme", f"{theme!r} is unknown", cure=f"Choose one of {', '.join(THEMES)}")
    former = persons.person_of(db, viewer.person).preferences
    persons.set_preferences(db, viewer, {**former, "theme": theme})
    told = {"before": str(former.get("theme", "system")), "after": theme}
    audit.note(db, house, viewer, Act.APPEARANCE, f"person:{viewer.person}", told)
