"""A small phrase matcher: words folded once, a tree of phrases walked over them, offsets into the original message.

A phrase is words with blanks between them. ``lawyer*`` matches any word that begins so, ``_`` up to two words of any
kind, ``#`` a number in digits, ``~`` a number in digits or words (neither is ever part of a sum of money), ``^`` a
capitalised name. Case, accents of Latin and Greek letters and apostrophes do not count; no match runs over the end of a
sentence.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from itertools import accumulate
from operator import itemgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from dataclasses import dataclass
else:
    from clienttone.records import dataclass

# Vowel signs and other marks of Devanagari and the combining accents belong to the word, though \w leaves them out.
_LETTER = r"[\w\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u200c\u200d]"
_WORD = re.compile(rf"({_LETTER}++(?:['’ʼ]{_LETTER}++)*+)")
_BREAK = re.compile(r"[!?।॥…\n;\u037e]|[.](?=[\s\"'”»)]|\Z)")  # in what stands between two words
_DROPPED = re.compile("[\u0300-\u036f'’ʼ\u200c\u200d]")
# A full stop after these is no end of a sentence.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr no nr kl rs nrs rp atty adv st jr inc ltd art αρ αριθ κ blg रु रू नं".split()  # noqa: SIM905
)
_SIGNS = ("#", "~", "^")
_SHORTEST_START = 3  # letters of a prefix at the head of a phrase, by which it is found
_LONGEST_PREFIX = 24

# Where a phrase stands: start and end in the message, number of the sentence.
Hit = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a message in order; numbers inside the ``money`` spans (sorted) do not count as such.

    ``texts`` has each word folded, ``raw`` as it is written, ``starts`` where it begins; ``stops`` are the numbers of the
    words that end a sentence.
    """

    texts: list[str]
    raw: list[str]
    starts: list[int]
    stops: list[int]
    money: Sequence[tuple[int, int]]

    def inside(self, span: tuple[int, int]) -> list[str]:
        """The words that begin inside the span, as they are written."""
        first, last = (bisect_left(self.starts, place) for place in span)
        return self.raw[first:last]

    def end(self, at: int) -> int:
        """Where a word ends in the message."""
        return self.starts[at] + len(self.raw[at])

    def sentence(self, at: int) -> int:
        """The number of a word's sentence, from 0."""
        return bisect_left(self.stops, at)

    def digits(self, at: int) -> bool:
        """Whether a word is a number in digits, and no part of a sum."""
        return self.raw[at][0].isdigit() and not self._in_money(self.starts[at])

    def name(self, at: int) -> bool:
        """Whether a word is capitalised, but not all in capitals."""
        raw = self.raw[at]
        return len(raw) > 1 and raw[0].isupper() and not raw.isupper()

    def _in_money(self, place: int) -> bool:
        before = bisect_right(self.money, place, key=lambda span: span[0]) - 1
        return before >= 0 and place < self.money[before][1]


def fold(text: str) -> str:
    """Text as it is compared: case folded, without apostrophes and the accents of Latin and Greek letters."""
    if text.isascii():
        return text.lower().replace("'", "")
    return _DROPPED.sub("", unicodedata.normalize("NFD", text.casefold()))


def split_words(message: str, money: Sequence[tuple[int, int]] = ()) -> Words:
    """The words of the message; the ``money`` spans are sorted."""
    pieces = _pieces(message)
    raw, starts = pieces[1::2], list(accumulate(map(len, pieces)))[:-1:2]
    # one word a line is folded at once; a line end is no part of any word, and folding leaves it alone
    texts = fold("\n".join(raw)).split("\n") if raw else []
    return Words(texts, raw, starts, _stops(pieces[2:-1:2], texts), money)


def _pieces(text: str) -> list[str]:
    """What stands between the words of a text and the words, in turn; ``_`` is as good as a hyphen."""
    return _WORD.split(text.replace("_", "-"))


def _stops(gaps: Sequence[str], texts: Sequence[str]) -> list[int]:
    """The words that end a sentence; between two words the first mark decides whether one ends."""
    marks = {gap: found.group() for gap in {*gaps} if (found := _BREAK.search(gap))}
    return [
        at for at, gap in enumerate(gaps)
        if gap in marks and not (marks[gap] == "." and texts[at] in _ABBREVIATIONS)
    ]  # fmt: skip


class _Node:
    """What may come next in a phrase, and the groups whose phrase ends here; prefixes are sorted by length.

    A node that is not ``wide`` leads on by its words only.
    """

    __slots__ = ("groups", "prefixes", "signs", "wide", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Node] = {}
        self.prefixes: dict[str, _Node] = {}
        self.signs: dict[str, _Node] = {}
        self.groups: list[str] = []
        self.wide = False

    def grow(self, parts: Sequence[str], group: str) -> None:
        """Add a phrase of these parts."""
        node = self
        for part in parts:
            node.wide |= part in _SIGNS or part == "?" or part.endswith("*")
            if part in _SIGNS or part == "?":
                node = node.signs.setdefault(part, _Node())
            elif part.endswith("*"):
                below = node.prefixes.setdefault(part[:-1], _Node())
                node.prefixes = dict(sorted(node.prefixes.items(), key=lambda item: len(item[0])))
                node = below
            else:
                node = node.words.setdefault(part, _Node())
        node.wide = True
        if group not in node.groups:
            node.groups.append(group)


class PhraseBook:
    """Phrases by group, ready to be looked for; ``numbers`` are the words that ``~`` takes beside digits.

    Phrases are filed by their first part and read on when it first turns up in a message. Raises ``ValueError`` for some
    unusable phrases; `parse` finds all of them.
    """

    def __init__(self, groups: Mapping[str, Iterable[str]], numbers: Iterable[str] = ()) -> None:
        self.numbers = frozenset(fold("\n".join(numbers)).split("\n"))
        self._nodes: dict[str, _Node] = {}
        self._filed: dict[str, list[tuple[str, str]]] = {}
        filed = self._filed
        for group, phrases in groups.items():
            for phrase in fold("\n".join(phrases)).split("\n"):
                filed.setdefault(_first_part(phrase), []).append((group, phrase))
        self._prefixes: dict[str, list[str]] = {}  # the longest first
        for key in sorted((key for key in filed if key.endswith("*")), key=len, reverse=True):
            self._prefixes.setdefault(key[:_SHORTEST_START], []).append(key)
        self._signs = [sign for sign in reversed(_SIGNS) if sign in filed]
        self._after_signs = {parse(phrase)[1] for sign in self._signs for _, phrase in filed[sign]}

    def find(self, words: Words) -> dict[str, list[Hit]]:
        """All places of all groups, each list sorted by start; time grows with the number of words, not its square."""
        hits: dict[str, list[Hit]] = {}
        following = [*words.texts[1:], ""]
        for first, key in self._begun(words):
            node = self._nodes.get(key) or self._node(key)
            if node.wide or following[first] in node.words:
                self._walk(node, first, words, hits)
        return hits

    def _begun(self, words: Words) -> list[tuple[int, str]]:
        """Where phrases may begin, in order, and what they are filed under; at one place signs, prefixes and the word."""
        filed, prefixes = self._filed, self._prefixes
        begun: list[tuple[int, str]] = []
        for at, text in enumerate(words.texts):
            if text[:_SHORTEST_START] in prefixes:
                begun += [(at, key) for key in prefixes[text[:_SHORTEST_START]] if text.startswith(key[:-1])]
            if text in filed:
                begun.append((at, text))
        if self._after_signs.isdisjoint(words.texts):
            return begun
        return sorted(self._signed(words) + begun, key=itemgetter(0))

    def _signed(self, words: Words) -> list[tuple[int, str]]:
        """The signs with which a phrase may begin, and the words that they may stand for."""
        places = [at - 1 for at, text in enumerate(words.texts) if at and text in self._after_signs]
        return [(at, sign) for at in places for sign in self._signs if self._fits(sign, words, at)]

    def _walk(self, node: _Node, first: int, words: Words, hits: dict[str, list[Hit]]) -> None:
        """Follow the phrases whose first part is the word ``first``, and ``node`` what may come next."""
        texts, stops, sentence = words.texts, words.stops, words.sentence(first)
        end = stops[sentence] + 1 if sentence < len(stops) else len(texts)
        waiting = [(node, first + 1)]
        while waiting:
            node, after = waiting.pop()
            for group in node.groups:
                hits.setdefault(group, []).append((words.starts[first], words.end(after - 1), sentence))
            if after == end:
                continue
            text = texts[after]
            if text in node.words:
                waiting.append((node.words[text], after + 1))
            if node.prefixes:
                waiting += [(child, after + 1) for prefix, child in node.prefixes.items() if text.startswith(prefix)]
            if node.signs:
                waiting += [(child, after + 1) for sign, child in node.signs.items() if self._fits(sign, words, after)]

    def _fits(self, sign: str, words: Words, at: int) -> bool:
        if sign == "^":
            return words.name(at)
        return sign == "?" or (sign == "~" and words.texts[at] in self.numbers) or words.digits(at)

    def _node(self, key: str) -> _Node:
        """What follows a first part. Two threads may both make it, to the same effect."""
        node = _Node()
        for group, phrase in self._filed[key]:
            for parts in _expand(parse(phrase)):
                node.grow(parts[1:], group)
        self._nodes[key] = node
        return node


def _first_part(phrase: str) -> str:
    """``parse(phrase)[0]`` of a folded phrase, without reading on where that is easy."""
    head = phrase.partition(" ")[0]
    if head.isalnum():
        return head
    if "_" in head or not _WORD.fullmatch(head.removesuffix("*")):
        return parse(phrase)[0]
    return head[:-1][:_LONGEST_PREFIX] + "*" if head.endswith("*") else head


def parse(phrase: str) -> list[str]:
    """The parts of a phrase, folded.

    Raises ``ValueError`` where it has none, begins or ends with ``_``, begins with a prefix of fewer than 3 letters, or has
    no whole word behind a sign at its beginning.
    """
    parts: list[str] = []
    for chunk in phrase.split():
        if chunk == "_" or chunk in _SIGNS:
            parts.append(chunk)
            continue
        texts = [fold(found) for found in _pieces(chunk)[1::2]]
        if texts and chunk.endswith("*"):
            texts[-1] = texts[-1][:_LONGEST_PREFIX] + "*"
        parts += texts
    if not parts or "_" in (parts[0], parts[-1]) or not _can_begin(parts):
        raise ValueError(phrase)
    return parts


def _can_begin(parts: Sequence[str]) -> bool:
    if parts[0] in _SIGNS:
        return len(parts) > 1 and parts[1] not in (*_SIGNS, "_") and not parts[1].endswith("*")
    return not parts[0].endswith("*") or len(parts[0]) > _SHORTEST_START


def _expand(parts: Sequence[str]) -> list[list[str]]:
    """The ways to fill each ``_``: with no, one or two words of any kind (``?``)."""
    ways: list[list[str]] = [[]]
    for part in parts:
        fillings = [[], ["?"], ["?", "?"]] if part == "_" else [[part]]
        ways = [way + filling for way in ways for filling in fillings]
    return ways
