"""One caller's walk through every way: what was asked, how it was answered, and everything that was wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.contract.told import faults, told
from tests.contract.ways import Case, Door, prepared, sendable, takes_away
from tests.contract.wishes import ASKED
from tests.contract.world import OWNER, Visit, Who, World
from tests.house.test_routes import NOT_OWNED, Ids

SEED = 20261122
LEFT = ("/api/v1/leaving", "grants")
"""Whoever leaves lets go of what was granted to them."""
SIGNING_IN = ("/session", "/login", "/persons", "/leaving")
"""Ways whose bodies say who one is: with the owner's words they would be the owner's."""
SHOWN_TO_VIEWERS = ("/family/people/{id}",)


class Manner(StrEnum):
    """wild: as schemathesis made it up. placed: the same, about things that are there. blended: a good
    request with some fields made up."""

    WILD = "wild"
    PLACED = "placed"
    BLENDED = "blended"


Made = tuple[Case, Manner, int]
"""A request that was made up, how it is asked, and the mask of a blended one's made-up fields."""


def made_up(door: Door, examples: int) -> list[Made]:
    """The same requests every time."""
    kept: list[Made] = []

    @seed(SEED)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(door.operation.as_strategy(), st.sampled_from(Manner), st.integers(0, 2**16 - 1)))
    def keep(made: Made) -> None:
        kept.append(made)

    keep()
    return kept


def _mannered(door: Door, made: Case, manner: Manner, mask: int, ids: Ids) -> Case:
    match manner:
        case Manner.WILD:
            return made
        case Manner.PLACED:
            return door.placed(made, ids)
        case Manner.BLENDED:
            return door.blended(made, ids, mask)


@dataclass
class Walk:
    """what: the owner's words that this caller must not be told. wrong: each fault once, with its count."""

    world: World
    visit: Visit
    who: Who
    secrets: frozenset[str]
    shown: frozenset[str]
    asked: int = 0
    answered: dict[tuple[str, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    wrong: dict[tuple[str, ...], int] = field(default_factory=lambda: defaultdict(int))

    @property
    def ids(self) -> Ids:
        return self.world.ids.get(self.who.person, self.world.ids["member"])

    @property
    def theirs(self) -> Ids:
        """The owner's things; what names nothing of anyone's stays one's own, for it may be repeated."""
        return self.world.ids[OWNER] | {name: self.ids[name] for name in NOT_OWNED if name in self.ids}

    def go_home(self, door: Door) -> None:
        """After the last way; nobody but an admin has changed what is the owner's."""
        if self.who.person != "admin":
            after, before = self.visit.owners(), self.world.owners
            for table in [name for name, rows in after.items() if rows != before[name]]:
                if (door.way.path, table) != LEFT:
                    self._note(door, "the owner's rows", table)

    def _again(self, door: Door) -> None:
        """Come again to the house as it was."""
        self.go_home(door)
        self.visit.again()

    def go_far(self, door: Door, made_up: Iterable[Made]) -> None:
        """The same, and then each field at its edges."""
        self.go(door, made_up)
        edges = [self._ask(door, case, "at the edge") for case in door.at_the_edge(self.ids)]
        if takes_away(door) and any(answer.status_code < 400 for answer in edges):
            self._again(door)

    def go(self, door: Door, made_up: Iterable[Made]) -> None:
        """The owner's things first, then one's own, then what is made up."""
        self._rob(door)
        prepared(self.visit.client, door, self.ids)
        answer = self._ask(door, door.well(self.ids), "well")
        self.answered[door.key].add(answer.status_code)
        if takes_away(door) and answer.status_code < 400:
            self._again(door)
        wild = [self._ask(door, _mannered(door, *made, self.ids), made[1]) for made in made_up]
        if takes_away(door) and any(answer.status_code < 400 for answer in wild):
            self._again(door)

    def _rob(self, door: Door) -> None:
        """With the owner's ids, in the path and then in the rest: as if they were not there."""
        is_allowed = door.way.is_admins and self.who.person == "admin"
        if self.who is Who.STRANGER or is_allowed:
            return
        if door.way.owned and not (self.who.person == "viewer" and door.way.path.endswith(SHOWN_TO_VIEWERS)):
            answer = self._ask(door, door.well(self.ids, of=self.theirs), "the owner's path")
            is_barred = self.who.is_token or door.way.is_admins
            is_barred |= self.who is Who.READER and door.way.method != "GET"
            hidden = {403, 404} if is_barred else {404}
            if answer.status_code not in hidden:
                self._note(door, "the owner's path", str(answer.status_code), answer.text[:200])
        says_something = door.media is not None or door.key in ASKED
        if says_something and not door.way.path.endswith(SIGNING_IN):
            answer = self._ask(door, door.well(self.theirs, of=self.ids), "the owner's ids")
            if door.way.method != "GET" and answer.status_code < 400:
                self._again(door)

    def _ask(self, door: Door, case: Case, how: str) -> Any:
        answer = self.visit.client.request(**sendable(case))
        self.asked += 1
        for fault in set(faults(door, case, answer)):
            self._note(door, str(answer.status_code), fault)
        for word in sorted(told(answer) & self.secrets):
            self._note(door, how, "tells", word)
        if OWNER in without(answer.text, self.shown):
            self._note(door, how, "names the owner", answer.text[:300])
        return answer

    def _note(self, door: Door, *words: str) -> None:
        self.wrong[(*door.key, *words)] += 1


def without(text: str, words: Iterable[str]) -> str:
    """The text with these words taken out, the longest first."""
    if OWNER not in text:
        return text
    for word in sorted(words, key=len, reverse=True):
        if OWNER in word:
            text = text.replace(word, "")
    return text
