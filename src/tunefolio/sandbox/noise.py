"""Randomness without memory: every number is a hash of what it belongs to, the same in every process."""

from __future__ import annotations

from array import array
from hashlib import blake2b
from math import sqrt

_MASK = (1 << 64) - 1
_ROOT3 = sqrt(3.0)


def key_of(*parts: object) -> int:
    """64 bits that belong to these words, the same in every process (unlike `hash`)."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def mix(key: int, place: int) -> int:
    """64 well-mixed bits for one place under a key (the finaliser of SplitMix64)."""
    word = (key + (place + 1) * 0x9E3779B97F4A7C15) & _MASK
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
    return word ^ (word >> 31)


def unit(key: int, place: int) -> float:
    """Uniform in [0, 1)."""
    return (mix(key, place) >> 11) / (1 << 53)


def pick(key: int, place: int, count: int) -> int:
    """Uniform among 0 … count − 1."""
    return mix(key, place) % count


def gauss(key: int, place: int) -> float:
    """Nearly normal, mean 0, deviation 1, never beyond ±3.47: the sum of four uniforms."""
    word = mix(key, place)
    total = (word & 0xFFFF) + (word >> 16 & 0xFFFF) + (word >> 32 & 0xFFFF) + (word >> 48)
    return (total - 131_070) / 65_535 * _ROOT3


def walk(key: int, place: int, bits: int) -> float:
    """Brownian motion of deviation 1 a step, at `place` in [0, 2^bits], by midpoints: `bits` hashes."""
    left, right = 0, 1 << bits
    start, end = 0.0, gauss(key, right) * sqrt(right)
    while place not in (left, right):
        middle = (left + right) // 2
        value = (start + end) / 2 + gauss(key, middle) * sqrt(right - left) / 2
        if place < middle:
            right, end = middle, value
        else:
            left, start = middle, value
    return start if place == left else end


def bridge(key: int, bits: int) -> array[float]:
    """Brownian bridge from 0 to 0 on 2^bits + 1 points, of deviation about 1/2 in the middle."""
    size = 1 << bits
    points = array("d", bytes(8 * (size + 1)))
    step = size
    while step > 1:
        half = step // 2
        spread = sqrt(step / size) / 2
        for left in range(0, size, step):
            middle = (points[left] + points[left + step]) / 2
            points[left + half] = middle + gauss(key, left + half) * spread
        step = half
    return points
