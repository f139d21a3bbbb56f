"""What of a message is read: the first `MAX_CHARACTERS`, without quoted mail, signatures and code."""

from __future__ import annotations

MAX_CHARACTERS = 100_000  # what is read of one message; the rest is not looked at


def cut(message: str) -> str:
    """The part that is read; what is masked becomes spaces, so that every other character keeps its place."""
    message = message[:MAX_CHARACTERS]
    return mask_quoted(message) if ">" in message or "```" in message or "\n--" in message else message


def masked_characters(message: str, text: str) -> int:
    """How many characters, white space aside, `cut` has masked in the message to make the text."""
    read = message[:MAX_CHARACTERS]
    return 0 if read is text else len(read) - read.count(" ") - len(text) + text.count(" ")


def mask_quoted(message: str) -> str:
    """Blank out quoted mail, signatures and code blocks, keeping every other character in its place."""
    lines, out, fenced, rest = message.splitlines(keepends=True), [], False, False
    for number, line in enumerate(lines):
        head = line.strip()
        fence = head.startswith("```")
        rest = rest or (
            number > 0 and (line.rstrip("\r\n") == "-- " or head.startswith(("-----Original", "---------- Forw")))
        )
        hide = rest or fenced or fence or head.startswith(">")
        fenced ^= fence
        out.append("".join(c if c in "\r\n" else " " for c in line) if hide else line)
    return "".join(out)
