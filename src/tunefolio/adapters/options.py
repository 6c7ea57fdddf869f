"""An adapter's own options, given as text; every wrong one is named."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from tunefolio.core.errors import Misuse


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
