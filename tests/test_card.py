from clienttone.card import EXCERPT, one_line, to_html, to_text, visible
from clienttone.results import (
    LABELS,
    Advice,
    Assessment,
    Decision,
    Evidence,
    Pattern,
    Prediction,
    Reason,
    Scores,
    Threat,
)

MESSAGE = "Refund me by Friday or my lawyers will shut you down, you clowns"


def span(words, message=MESSAGE):
    start = message.index(words)
    return start, start + len(words)


def make(evidence=None, threats=(), advice=(), labels=("abuse", "threat"), **more):
    bands = {"abuse": "high", "threat": "medium", "bluff": "low", "frustration": "low"}
    found = {label: tuple(Evidence(*x) for x in (evidence or {}).get(label, ())) for label in LABELS}
    prediction = Prediction(Scores(0.9, 0.61, 0.2, 0.1), labels, bands, threats, (), found, **more)
    return Assessment(prediction, Decision("legal_threat", 2, "get_it_in_writing", ()), advice)


def full():
    reason = Reason("out_of_proportion", "lowers", text="A lawsuit costs more than the 40 USD at stake.")
    threat = Threat("legal", 0.88, *span("my lawyers will shut you down"), credibility="low", reasons=(reason,))
    advice = Advice(
        "boundary", "State the limit calmly.", ("el.1",), "It ends the quarrel.", ("Hello {name}",), "Shout."
    )
    assessment = make({"abuse": [(*span("clowns"), 2.0)]}, (threat,), (advice,))
    return assessment


def test_text_shows_every_part():
    text = to_text(full(), MESSAGE)
    for part in (
        "abuse        ##################.. 0.90 high",
        "[clowns]",
        "legal 0.88, direct, credibility low",
        '"my lawyers will shut you down"',
        "lowers it: A lawsuit costs more than the 40 USD at stake.",
        "get it in writing (rule legal_threat, severity 2 of 4)",
        "State the limit calmly.",
        "why: It ends the quarrel.",
        "say: Hello {name}",
        "avoid: Shout.",
    ):
        assert part in text
    assert text.isascii()
    assert "\x1b" not in text


def test_patterns_and_doubt_are_shown():
    assessment = make(reliable=False, reason="too_short")
    assert to_text(assessment, "ok").startswith("Not sure (too short)")
    assert "<b>Not sure (too short)" in to_html(assessment)
    prediction = Prediction(Scores(0, 0, 0, 0), (), {}, (), (Pattern("late_payment", 0.8),), dict.fromkeys(LABELS, ()))
    assert "late payment 0.80" in to_text(Assessment(prediction, Decision("none", 0, "continue", ())), "hi there")


def test_colour_marks_and_underlines():
    text = to_text(full(), MESSAGE, color=True)
    assert "\x1b[1mclowns\x1b[0m" in text
    assert "\x1b[4mmy lawyers will shut you down\x1b[0m" in text


def test_overlapping_spans():
    evidence = {"abuse": [(2, 8, 2.0), (4, 6, 1.0)], "threat": [(6, 12, 1.5), (20, 21, 1.0)]}
    message = "abcdefghijklmnopqrstuvwxyz"
    assert "ab[cdefghijkl]mnopqrst[u]vwxyz" in to_text(make(evidence), message)
    threat = Threat("legal", 0.9, 6, 20)
    coloured = to_text(make({"abuse": [(2, 8, 2.0)]}, (threat,)), message, color=True)
    assert "ab\x1b[1mcdef\x1b[0m\x1b[1;4mgh\x1b[0m\x1b[4mijklmnopqrst\x1b[0muvwxyz" in coloured
    assert to_html(make(evidence), message).count("<mark") == 2


def test_only_labels_that_are_not_low_and_words_that_speak_for_them_are_marked():
    evidence = {"frustration": [(0, 3, 5.0)], "abuse": [(4, 7, -1.0)]}
    assert "  | abc def ghi" in to_text(make(evidence), "abc def ghi")


def test_threat_words_are_bracketed_where_nothing_else_is():
    threat = Threat("churn", 0.9, *span("shut you down"))
    assert "will [shut you down], you" in to_text(make(threats=(threat,)), MESSAGE)


def test_spans_beyond_the_message_are_clipped():
    threat = Threat("churn", 0.9, -3, 99)
    assert "[abc]" in to_text(make(threats=(threat,)), "abc")
    assert "<u>abc</u>" in to_html(make(threats=(threat,)), "abc")


def test_control_characters_never_arrive_raw_and_offsets_hold():
    message = "\x1b[2J\x00\u202eyou\u2066 clowns\ud800\x9b\r"
    start = message.index("clowns")
    assessment = make({"abuse": [(start, start + 6, 2.0)]}, (Threat("legal", 0.9, 0, len(message)),))
    for text in (to_text(assessment, message), to_html(assessment, message)):
        assert not set("\x1b\x00\u202e\u2066\ud800\x9b\r") & set(text)
        assert "\\x1b[2J" in text
        assert "\\u202e" in text
        assert "\\ud800" in text
    assert "[clowns]" in to_text(assessment, message)
    assert "\x1b[2J" not in to_text(assessment, message, color=True)


def test_foreign_texts_are_made_visible_too():
    reason = Reason("stake", "lowers", text="stake 40 \x1b[31m")
    advice = Advice("a", "do\x07 this\nnow", reply=("\x1b]0;x\x07",))
    text = to_text(make(threats=(Threat("legal", 0.9, 0, 3, reasons=(reason,)),), advice=(advice,)), "abc")
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "do\\x07 this now" in text


def test_visible_keeps_lines_and_joiners():
    assert visible("a\r\nb\tc") == "a\nb\tc"
    assert visible("क\u200d👩\u200d💻é") == "क\u200d👩\u200d💻é"
    assert visible("\u200b\ufeff\u2028") == "\\u200b\\ufeff\\u2028"
    assert one_line(" a\n\tb ") == "a b"


def test_every_line_of_the_message_is_set_off():
    assert "  | [one\n  | Next step]" in to_text(make({"abuse": [(0, 13, 2.0)]}), "one\nNext step")
    assert "\x1b[1mone\x1b[0m\n  | \x1b[1mNext step" in to_text(make({"abuse": [(0, 13, 2.0)]}), "one\nNext step", True)


def test_long_messages_are_cut_around_the_marks():
    message = "a" * 5000 + " clowns " + "b" * 5000 + " liars " + "c" * 1000
    evidence = {"abuse": [(*span("liars", message), 3.0), (*span("clowns", message), 2.0)]}
    text = to_text(make(evidence), message)
    assert "[clowns]" in text
    assert "[liars]" in text
    assert text.index("clowns") < text.index("liars")
    assert "of 11,015 characters" in text
    assert len(text) < 2 * EXCERPT
    assert "<mark" in to_html(make(evidence), message)


def test_long_messages_without_marks_and_with_huge_marks():
    text = to_text(make(), "z" * 10_000_000)
    assert "(1,200 of 10,000,000 characters)" in text
    assert len(text) < 2 * EXCERPT
    assert text.count("z") == EXCERPT
    text = to_text(make({"abuse": [(50, 90_000, 2.0)]}), "z" * 100_000)
    assert EXCERPT / 2 < text.count("z") <= EXCERPT


def test_html_is_escaped_and_self_contained():
    message = "<script>alert(1)</script> \"&' clowns"
    page = to_html(make({"abuse": [(*span("clowns", message), 2.0)]}, (Threat("legal", 0.9, 0, 25),)), message)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "clowns</mark>" in page
    assert "http" not in page
    assert page.count("<div") == page.count("</div>")


def test_html_without_message_shows_no_words():
    assert "clowns" not in to_html(full())
    assert full()._repr_html_() == to_html(full())


def test_empty_message():
    assert "Message" not in to_text(make(), "")
