"""A small phrase matcher: words folded once, a tree of phrases walked over them, offsets into the original message.

A phrase is words with blanks between them. ``lawyer*`` matches any word that begins so, ``_`` up to two words of any
kind, ``#`` a number in digits, ``~`` a number in digits or words (neither is ever part of a sum of money), ``^`` a
capitalised name. Case, accents of Latin and Greek letters and apostrophes do not count; no match runs over the end of a
sentence.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

# Vowel signs and other marks of Devanagari and the combining accents belong to the word, though \w leaves them out.
_LETTERS = r"[^\W_\u0300-\u036f]|[\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u200c\u200d]"
_WORD = re.compile(rf"(?:{_LETTERS})+(?:['’ʼ](?:{_LETTERS})+)*")
_BREAK = re.compile(r"[!?।॥…\n;\u037e]|[.](?=\s|[\"'”»)]|$)")
_DROPPED = re.compile("[\u0300-\u036f'’ʼ\u200c\u200d]")
# A full stop after these is no end of a sentence.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr no nr kl rs nrs rp atty adv st jr inc ltd art αρ αριθ κ blg रु रू नं".split()  # noqa: SIM905
)
_LONGEST_PREFIX = 24


class Word(NamedTuple):
    """A word of a message: folded text, place, number of the sentence, and what ``#``, ``~`` and ``^`` ask for."""

    text: str
    start: int
    end: int
    sentence: int
    digits: bool
    number: bool
    name: bool


_CLASSES: dict[str, Callable[[Word], bool]] = {
    "#": lambda word: word.digits,
    "~": lambda word: word.number,
    "^": lambda word: word.name,
    "?": lambda word: True,  # what "_" is made of
}


class Hit(NamedTuple):
    """Where a phrase stands: ``message[start:end]``, in which sentence."""

    start: int
    end: int
    sentence: int


@dataclass(slots=True)
class _Node:
    words: dict[str, _Node] = field(default_factory=dict)
    prefixes: dict[str, _Node] = field(default_factory=dict)
    classes: dict[str, _Node] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)


def fold(word: str) -> str:
    """The word as it is compared: case folded, without apostrophes and the accents of Latin and Greek letters."""
    if word.isascii():
        return word.lower().replace("'", "")
    return _DROPPED.sub("", unicodedata.normalize("NFD", word.casefold()))


def split_words(
    message: str, numbers: frozenset[str] = frozenset(), money: Sequence[tuple[int, int]] = ()
) -> list[Word]:
    """The words of the message in order; those inside the ``money`` spans (sorted) do not count as numbers."""
    words: list[Word] = []
    sentence = place = 0
    starts = [start for start, _ in money]
    for found in _WORD.finditer(message):
        raw, start, end = found.group(), found.start(), found.end()
        sentence += bool(words) and _ends_sentence(message, place, start, words[-1].text)
        text = fold(raw)
        digits = raw[0].isdigit() and not _inside(start, starts, money)
        number = digits or text in numbers
        name = len(raw) > 1 and raw[0].isupper() and not raw.isupper()
        words.append(Word(text, start, end, sentence, digits, number, name))
        place = end
    return words


def _ends_sentence(message: str, place: int, start: int, before: str) -> bool:
    found = _BREAK.search(message, place, start)
    return found is not None and not (found.group() == "." and before in _ABBREVIATIONS)


def _inside(place: int, starts: Sequence[int], spans: Sequence[tuple[int, int]]) -> bool:
    at = bisect_left(starts, place + 1) - 1
    return at >= 0 and place < spans[at][1]


class PhraseBook:
    """Phrases by group, ready to be looked for; ``numbers`` are the words that ``~`` takes beside digits."""

    def __init__(self, groups: Mapping[str, Iterable[str]], numbers: Iterable[str] = ()) -> None:
        self.numbers = frozenset(fold(word) for word in numbers)
        self._root = _Node()
        for group, phrases in groups.items():
            for phrase in phrases:
                for parts in _expand(parse(phrase)):
                    self._add(parts, group)

    def _add(self, parts: Sequence[str], group: str) -> None:
        node = self._root
        for part in parts:
            if part in _CLASSES:
                node = node.classes.setdefault(part, _Node())
            elif part.endswith("*"):
                node = node.prefixes.setdefault(part[:-1], _Node())
            else:
                node = node.words.setdefault(part, _Node())
        if group not in node.groups:
            node.groups.append(group)

    def find(self, words: Sequence[Word]) -> dict[str, list[Hit]]:
        """All places of all groups, each list sorted by start; time grows with the number of words, not its square."""
        hits: dict[str, list[Hit]] = {}
        for first, word in enumerate(words):
            waiting = [(node, first + 1) for node in _step(self._root, word)]
            while waiting:
                node, after = waiting.pop()
                for group in node.groups:
                    hits.setdefault(group, []).append(Hit(word.start, words[after - 1].end, word.sentence))
                if after < len(words) and words[after].sentence == word.sentence:
                    waiting += [(child, after + 1) for child in _step(node, words[after])]
        return hits


def _step(node: _Node, word: Word) -> list[_Node]:
    found = [node.words[word.text]] if word.text in node.words else []
    if node.prefixes:
        lengths = range(1, min(len(word.text), _LONGEST_PREFIX) + 1)
        found += [node.prefixes[word.text[:n]] for n in lengths if word.text[:n] in node.prefixes]
    return found + [child for sign, child in node.classes.items() if _CLASSES[sign](word)]


def parse(phrase: str) -> list[str]:
    """The parts of a phrase, folded; raises ``ValueError`` where it has none or begins or ends with ``_``."""
    parts: list[str] = []
    for chunk in phrase.split():
        if chunk in ("_", "#", "~", "^"):
            parts.append(chunk)
            continue
        texts = [fold(found) for found in _WORD.findall(chunk)]
        if texts and chunk.endswith("*"):
            texts[-1] = texts[-1][:_LONGEST_PREFIX] + "*"
        parts += texts
    if not parts or "_" in (parts[0], parts[-1]):
        raise ValueError(phrase)
    return parts


def _expand(parts: Sequence[str]) -> list[list[str]]:
    """The ways to fill each ``_``: with no, one or two words of any kind (``?``)."""
    ways: list[list[str]] = [[]]
    for part in parts:
        fillings = [[], ["?"], ["?", "?"]] if part == "_" else [[part]]
        ways = [way + filling for way in ways for filling in fillings]
    return ways
