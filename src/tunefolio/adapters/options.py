"""An adapter's own options, given as text; every wrong one is named."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from tunefolio.adapters.gates import Manners
from tunefolio.core.errors import Misuse
from tunefolio.core.money import Currency, currency_of

POLITE = ("requests_per_second", "requests_per_day", "timeout_seconds", "rest_seconds")
"""Options that every polite source has."""


class Options:
    """Reads one adapter's options. Raises Misuse for an option it does not have."""

    def __init__(self, adapter: str, given: Mapping[str, str], known: Collection[str]) -> None:
        self._adapter = adapter
        self._given = given
        for name in given:
            if name not in known:
                raise Misuse(f"{adapter}.{name}", "no such option", cure=f"Known: {', '.join(sorted(known))}")

    def url(self, name: str, default: str, schemes: tuple[str, ...] = ("https", "http")) -> str:
        """An absolute URL without query, without a closing slash."""
        text = self._given.get(name, default).strip().rstrip("/")
        try:
            parts = urlsplit(text)
            is_whole = parts.scheme in schemes and bool(parts.hostname) and not parts.query
            parts.port  # noqa: B018  a wrong port shows only when it is read
        except ValueError:
            is_whole = False
        if not is_whole:
            example = f"{schemes[0]}://host or {schemes[0]}://host:port"
            raise Misuse(f"{self._adapter}.{name}", f"{text!r} is not an address", cure=f"Write {example}")
        return text

    def above_zero(self, name: str, default: float) -> float:
        """A finite number above zero: seconds, calls per second."""
        text = self._given.get(name)
        if text is None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = 0
        if not 0 < value < 1e9:
            raise Misuse(f"{self._adapter}.{name}", f"{text!r} is not a number above zero")
        return value

    def text(self, name: str, default: str = "") -> str:
        return self._given.get(name, default).strip()

    def listed(self, name: str, default: str = "") -> tuple[str, ...]:
        """Words between commas, in their order."""
        return tuple(word.strip() for word in self.text(name, default).split(",") if word.strip())

    def yes_or_no(self, name: str, default: str) -> bool:
        """`yes` or `no`; raises Misuse for any other word."""
        return self.one_of(name, default, ("yes", "no")) == "yes"

    def one_of(self, name: str, default: str, known: Collection[str]) -> str:
        """One word of a few."""
        word = self.text(name, default)
        if word not in known:
            raise Misuse(
                f"{self._adapter}.{name}", f"{word!r} is unknown", cure=f"Known: {', '.join(sorted(known))}"
            )
        return word

    def whole(self, name: str, default: int | None) -> int | None:
        """A whole number above zero; `default` where nothing is given."""
        text = self._given.get(name, "").strip()
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and 0 < int(text[:12]) < 10**9):
            raise Misuse(f"{self._adapter}.{name}", f"{text!r} is not a whole number above zero")
        return int(text)

    def currency(self, name: str, default: str) -> Currency:
        """An ISO 4217 code; "" where `default` is "" and nothing is given."""
        text = self.text(name, default).upper()
        if not text and not default:
            return Currency("")
        try:
            return currency_of(text)
        except Misuse as wrong:
            raise Misuse(f"{self._adapter}.{name}", wrong.problem, cure=wrong.cure) from None

    def manners(self, per_second: float = 1.0, *, rest_seconds: float = 60, burst: int = 1) -> Manners:
        """How politely the source is asked: requests_per_second, requests_per_day, rest_seconds."""
        return Manners(
            per_second=self.above_zero("requests_per_second", per_second),
            burst=burst,
            budget=self.whole("requests_per_day", None),
            rest=timedelta(seconds=self.above_zero("rest_seconds", rest_seconds)),
        )
