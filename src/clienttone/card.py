"""An assessment as a card: `to_text` for a terminal, `to_html` for a notebook or a page.

Whatever a message holds, neither a terminal nor a browser acts on it: control and direction characters are shown as
visible escapes (``\\x1b``), HTML is escaped. Offsets always refer to the message as it was passed in.
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from clienttone.results import LABELS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from dataclasses import dataclass

    from clienttone.results import Advice, Assessment, Threat

    Span = tuple[int, int]
else:
    from clienttone.records import dataclass

EXCERPT = 1200  # characters of a long message that are shown
AROUND = 80  # characters of a long message shown on each side of marked words
MARKS_PER_LABEL = 6
QUOTE = 80  # characters of a threat's words that are repeated in its line
BAR = 20
GAP = "..."

# Invisible, but part of ordinary spelling (Nepali conjuncts, emoji): joiners and the two white spaces a terminal obeys
_HARMLESS = frozenset("\n\t\u200c\u200d")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of the message that is drawn alike: ``telling`` words, the words of a ``threat``, both or neither."""

    text: str
    telling: bool = False
    threat: bool = False


def visible(text: str) -> str:
    """``text`` with every character that could steer a terminal or reorder a line written as an escape."""
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.isprintable():
        return text
    return "".join(ch if ch in _HARMLESS or not _steers(ch) else _escape(ch) for ch in text)


def one_line(text: str) -> str:
    """`visible` text on a single line."""
    return visible(" ".join(text.split()))


def _steers(ch: str) -> bool:
    return unicodedata.category(ch) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _escape(ch: str) -> str:
    return ch.encode("unicode_escape", "surrogatepass").decode("ascii")


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Sorted, non-overlapping spans that cover the same characters."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _within(spans: Iterable[Span], length: int) -> list[Span]:
    clipped = ((max(0, start), min(length, end)) for start, end in spans)
    return [(start, end) for start, end in clipped if start < end]


def _telling(assessment: Assessment, length: int) -> list[Span]:
    """The strongest spans that speak for a label which is not low, strongest first."""
    named = [x for x in LABELS if x in assessment.labels or assessment.bands.get(x, "low") != "low"]
    found = [e for x in named for e in assessment.evidence.get(x, ())[:MARKS_PER_LABEL] if e.contribution > 0]
    found.sort(key=lambda e: -e.contribution)
    return _within(((e.start, e.end) for e in found), length)


def _threats(assessment: Assessment, length: int) -> list[Span]:
    return _within(((t.start, t.end) for t in assessment.threats), length)


def _windows(length: int, spans: list[Span]) -> list[Span]:
    """The parts of a message to show: all of it, or what stands around its spans, at most `EXCERPT` characters."""
    if length <= EXCERPT:
        return [(0, length)]
    shown: list[Span] = [] if spans else [(0, EXCERPT)]
    for start, end in spans:
        end = min(end, start + EXCERPT - 2 * AROUND)
        wider = _merged([*shown, (max(0, start - AROUND), min(length, end + AROUND))])
        if sum(b - a for a, b in wider) > EXCERPT:
            break
        shown = wider
    return shown


def _pieces(message: str, window: Span, telling: list[Span], threats: list[Span]) -> Iterator[_Piece]:
    """The window cut at every edge of a (merged) span, so that overlapping spans need no nesting."""
    first, last = window
    edges = {first, last, *(x for span in (*telling, *threats) for x in span if first < x < last)}
    cuts = sorted(edges)
    for start, end in pairwise(cuts):
        yield _Piece(
            message[start:end],
            telling=any(a <= start < b for a, b in telling),
            threat=any(a <= start < b for a, b in threats),
        )


def _drawn(assessment: Assessment, message: str, draw: Callable[[list[_Piece]], str]) -> str:
    """The message, or an excerpt with its gaps, each window drawn by ``draw``."""
    length = len(message)
    telling, threats = _telling(assessment, length), _threats(assessment, length)
    windows = _windows(length, [*telling, *threats])
    telling, threats = _merged(telling), _merged(threats)
    text = f" {GAP} ".join(draw(list(_pieces(message, window, telling, threats))) for window in windows)
    head = f"{GAP} " if windows[0][0] > 0 else ""
    tail = f" {GAP}" if windows[-1][1] < length else ""
    return head + text + tail


def _excerpt_note(assessment: Assessment, message: str) -> str:
    length = len(message)
    shown = _windows(length, [*_telling(assessment, length), *_threats(assessment, length)])
    count = sum(end - start for start, end in shown)
    return "" if count == length else f" ({count:,} of {length:,} characters)"


def _next_step(assessment: Assessment) -> str:
    decision = assessment.decision
    return f"{_words(decision.next_step)} (rule {one_line(decision.rule)}, severity {decision.severity} of 4)"


def _words(name: str) -> str:
    return one_line(name).replace("_", " ")


def _threat_head(threat: Threat, message: str) -> str:
    words = one_line(message[threat.start : threat.end][: QUOTE + 1])
    quoted = f' "{words[:QUOTE]}{GAP if len(words) > QUOTE else ""}"' if words else ""
    return f"{_words(threat.kind)} {threat.score:.2f}, {threat.form}, credibility {_words(threat.credibility)}{quoted}"


def _reasons(threat: Threat) -> list[str]:
    return [f"{x.effect} it: {one_line(x.text) or _words(x.id)}" for x in threat.reasons]


def _advice_lines(advice: Advice) -> list[str]:
    """Why, the first reply starter and the don't, those that there are."""
    lines = [("why", advice.why), ("say", advice.reply[0] if advice.reply else ""), ("avoid", advice.avoid)]
    return [f"{head}: {one_line(text)}" for head, text in lines if text]


def _sections(assessment: Assessment, message: str) -> Iterator[tuple[str, list[tuple[str, list[str]]]]]:
    """The parts below the message that both cards share: (heading, [(line, its details)])."""
    if assessment.threats:
        yield "Threats", [(_threat_head(x, message), _reasons(x)) for x in assessment.threats]
    if assessment.patterns:
        yield "Patterns", [(f"{_words(x.name)} {x.score:.2f}", []) for x in assessment.patterns]
    yield "Next step", [(_next_step(assessment), [])]
    if assessment.advice:
        yield "Advice", [(one_line(x.text), _advice_lines(x)) for x in assessment.advice]


def _doubt(assessment: Assessment) -> str:
    return "" if assessment.reliable else f"Not sure ({_words(assessment.reason)}): do not rely on these scores."


def _styled(text: str, codes: str, color: bool) -> str:
    return f"\x1b[{codes}m{text}\x1b[0m" if color and codes else text


def _ansi(pieces: list[_Piece]) -> str:
    """Telling words bold, a threat's words underlined; styles never run over a line end."""
    out = []
    for piece in pieces:
        codes = ";".join(code for code, on in (("1", piece.telling), ("4", piece.threat)) if on)
        lines = visible(piece.text).split("\n")
        out.append("\n".join(_styled(line, codes, bool(line)) for line in lines))
    return "".join(out)


def _brackets(pieces: list[_Piece]) -> str:
    """Telling words in brackets; where a window has none, the words of its threats."""
    by_threat = not any(piece.telling for piece in pieces)
    out, inside = [], False
    for piece in pieces:
        marked = piece.threat if by_threat else piece.telling
        out.append(("" if marked == inside else "[" if marked else "]") + visible(piece.text))
        inside = marked
    return "".join(out) + ("]" if inside else "")


def to_text(assessment: Assessment, message: str, color: bool = False) -> str:
    """The card for a terminal, without a final newline: plain ASCII but for the message and the advice.

    With ``color`` the telling words are bold and the words of a threat underlined (ANSI codes), otherwise the telling
    words stand in [brackets].
    """
    lines = [_doubt(assessment)] if _doubt(assessment) else []
    for label in LABELS:
        score = getattr(assessment.scores, label)
        band = assessment.bands.get(label, "")
        row = f"{label:<12} {'#' * round(score * BAR):.<{BAR}} {score:.2f} {band}"
        lines.append(_styled(row, "1" if label in assessment.labels else "", color).rstrip())
    if message:
        lines += ["", _styled(f"Message{_excerpt_note(assessment, message)}", "1", color)]
        drawn = _drawn(assessment, message, _ansi if color else _brackets)
        lines += [f"  | {line}" for line in drawn.split("\n")]
    for heading, items in _sections(assessment, message):
        lines += ["", _styled(heading, "1", color)]
        for head, details in items:
            lines += [f"  - {head}", *(f"      {detail}" for detail in details)]
    return "\n".join(lines)


_CARD = "font:14px/1.5 system-ui,sans-serif;max-width:46em;border:1px solid #bbb;border-radius:6px;padding:.8em 1em"
_QUOTED = "white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid #bbb;margin:.5em 0;padding-left:.8em"
_TRACK = "display:inline-block;width:12em;height:.7em;background:#e4e4e4;border-radius:3px"
_COLOURS = {"low": "#7a9e7e", "medium": "#d9a441", "high": "#c0504d"}


def _escaped(text: str) -> str:
    import html

    return html.escape(visible(text))


def _marked(pieces: list[_Piece]) -> str:
    out = []
    for piece in pieces:
        text = _escaped(piece.text)
        text = f"<u>{text}</u>" if piece.threat else text
        out.append(f'<mark style="background:#ffe08a;color:#000">{text}</mark>' if piece.telling else text)
    return "".join(out)


def _html_bar(label: str, score: float, band: str) -> str:
    fill = f"display:block;height:100%;border-radius:3px;width:{score:.0%};background:{_COLOURS.get(band, '#888')}"
    return (
        f'<tr><td style="padding-right:1em">{label}</td>'
        f'<td><span style="{_TRACK}"><span style="{fill}"></span></span></td>'
        f'<td style="padding-left:1em">{score:.2f} {_escaped(band)}</td></tr>'
    )


def _html_item(head: str, details: list[str]) -> str:
    return "<li>" + "<br>".join([_escaped(head), *(f"<small>{_escaped(x)}</small>" for x in details)]) + "</li>"


def to_html(assessment: Assessment, message: str = "") -> str:
    """The card as one self-contained HTML element (inline styles, no script, every text escaped).

    With ``message`` its telling words are highlighted and the words of its threats underlined; without, none are shown.
    """
    bars = [_html_bar(x, getattr(assessment.scores, x), assessment.bands.get(x, "")) for x in LABELS]
    out = [f'<div style="{_CARD}">', f"<p><b>{_escaped(_doubt(assessment))}</b></p>" if _doubt(assessment) else ""]
    out += ['<table style="border-collapse:collapse">', *bars, "</table>"]
    if message:
        note = _excerpt_note(assessment, message)
        out.append(f'<div dir="auto" style="{_QUOTED}">{_drawn(assessment, message, _marked)}</div>')
        out.append(f"<small>{note.strip()}</small>" if note else "")
    for heading, items in _sections(assessment, message):
        out.append(f'<b>{heading}</b><ul style="margin:.2em 0">')
        out += [*(_html_item(head, details) for head, details in items), "</ul>"]
    return "".join([*out, "</div>"])
