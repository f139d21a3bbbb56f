"""The feature definition a second time, one character after the other in plain Python: slow, and easy to believe."""

from __future__ import annotations

from clienttone import features
from clienttone.normalize import Folded
from clienttone.segment import Segments

MASK = (1 << 64) - 1
BASE, PAIR, MIX = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93


def mix(h: int) -> int:
    for _ in range(2):
        h = ((h ^ (h >> 32)) * MIX) & MASK
    return h ^ (h >> 32)


def word_hash(codes: list[int]) -> int:
    return mix(sum(c * pow(BASE, i, 1 << 64) for i, c in enumerate(codes)) & MASK)


def bucket(h: int, block: int) -> int:
    return (h >> (64 - features.BITS)) + block * features.BUCKETS


def tokens(folded: Folded, message: int) -> list[tuple[int, list[int], list[bool]]]:
    """(first code point's number, codes, upper flags) of each token of a message."""
    out: list[tuple[int, list[int], list[bool]]] = []
    for i, (code, up, owner, start) in enumerate(
        zip(folded.codes, folded.upper, folded.message, folded.token, strict=True)
    ):
        if owner != message:
            continue
        if start:
            out.append((i, [], []))
        out[-1][1].append(int(code))
        out[-1][2].append(bool(up))
    return out


def pairs(hashes: list[int], salt: int, block: int) -> list[int]:
    out = [bucket(mix((h + 101 + salt) & MASK), block) for h in hashes]
    out += [bucket(mix((a * PAIR + b + 102 + salt) & MASK), block) for a, b in zip(hashes, hashes[1:], strict=False)]
    out += [bucket(mix((a * PAIR + b + 103 + salt) & MASK), block) for a, b in zip(hashes, hashes[2:], strict=False)]
    return out


def char_grams(codes: list[int]) -> list[int]:
    line, out = [32, *codes, 32], []
    for n in range(features.CHARS[0], features.CHARS[1] + 1):
        for i in range(len(line) - n + 1):
            h = mix(line[i] + 0x1234567)
            for c in line[i + 1 : i + n]:
                h = ((h ^ c) * BASE) & MASK
                h ^= h >> 29
            out.append(bucket(mix((h + n) & MASK), 2))
    return out


def buckets(folded: Folded, message: int) -> list[int]:
    """Every n-gram of a message, as bucket numbers."""
    found = tokens(folded, message)
    out = pairs([word_hash(codes) for _, codes, _ in found], 0, 0)
    out += [bucket(mix(7 + 106), 0) for _, _, up in found if len(up) >= 3 and all(up)]
    out += pairs([word_hash(codes[: features.STEM]) + 99 & MASK for _, codes, _ in found], 0, 1)
    return out + [g for _, codes, _ in found for g in char_grams(codes)]


def segment_text(message: str, segments: Segments, number: int) -> str:
    return message[int(segments.start[number]) : int(segments.end[number])]
