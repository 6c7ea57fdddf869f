"""Where income belongs: the heads of the law, and buckets of income that are taxed and set off alike."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Head(StrEnum):
    SALARY = "salary"
    HOUSE_PROPERTY = "house_property"
    BUSINESS = "business"
    SPECULATIVE = "speculative"
    SHORT_TERM = "short_term"
    LONG_TERM = "long_term"
    OTHER_SOURCES = "other_sources"
    VDA = "vda"


GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Income of one head at one rate. rate: None is the person's slab. section: its label in that year's Act;
    "given" for what the person earns beside these books. has_exemption: the yearly exemption applies."""

    head: Head
    rate: Decimal | None
    section: str
    has_exemption: bool = False

    @property
    def is_given(self) -> bool:
        return self.section == GIVEN

    @property
    def label(self) -> str:
        """For people: head, section, rate."""
        rate = "at slab" if self.rate is None else f"at {self.rate * 100:f}".rstrip("0").rstrip(".") + " %"
        section = "" if self.section in {GIVEN, "at slab"} else f" (section {self.section})"
        return f"{self.head.value.replace('_', ' ')}{section} {rate}"
