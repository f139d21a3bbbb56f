import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clienttone.amounts import Amount, find_amounts, read_number
from clienttone.checks import COMPUTED
from clienttone.errors import DataError
from clienttone.phrases import PhraseBook, fold, split_words
from clienttone.results import THREAT_KINDS, Context, Reason, Threat
from clienttone.threat_rules import HELPERS, ThreatRules, phrase_groups
from clienttone.threats import analyse, combine_bluff, load_rules

LANGUAGES = ("en", "fil", "el", "ne", "nb", "id")
CASES = json.loads((Path(__file__).parent / "cases" / "credibility.json").read_text(encoding="utf-8"))
LEVEL = {"low": 0, "medium": 1, "high": 2, "treat_as_real": 3}
GROUPS = [
    (language, group, table)
    for language in LANGUAGES
    for group, table in phrase_groups(language).items()
    if group != "number_words"
]
SHIPPED_COSTS = Path(__file__).parents[1] / "src" / "clienttone" / "rules" / "threat_costs.toml"


def whole(message: str, kind: str = "legal", score: float = 0.9) -> Threat:
    return Threat(kind, score, 0, len(message))


def one(message: str, kind: str = "legal", context: Context | None = None, rules: ThreatRules | None = None) -> Threat:
    (threat,) = analyse(message, [whole(message, kind)], context, rules)
    return threat


def ids(threat: Threat) -> set[str]:
    return {reason.id for reason in threat.reasons}


def groups_of(message: str) -> dict[str, list[str]]:
    book = load_rules().book
    money = [(amount.start, amount.end) for amount in find_amounts(message)]
    hits = book.find(split_words(message, book.numbers, money))
    return {group: [message[hit.start : hit.end] for hit in found] for group, found in hits.items()}


# --- the table of pairs ---------------------------------------------------------------------------------------------


def test_table_has_ten_pairs_a_language_and_several_kinds():
    assert len(CASES) == 60
    assert {language: sum(case["language"] == language for case in CASES) for language in LANGUAGES} == dict.fromkeys(
        LANGUAGES, 10
    )
    assert len({case["kind"] for case in CASES}) >= 8


def miss_of(case: dict, side: str) -> str:
    expected = case[side]
    found = analyse(expected["text"], [whole(expected["text"], case["kind"])])
    if not found:
        return f"{case['id']} {side}: dropped"
    missing = set(expected["reasons"]) - ids(found[0])
    if found[0].credibility == expected["credibility"] and not missing:
        return ""
    return f"{case['id']} {side}: {found[0].credibility}, not {expected['credibility']}; missing {sorted(missing)}"


def test_at_least_55_of_60_pairs_are_right():
    misses = [[miss for side in ("credible", "doubtful") if (miss := miss_of(case, side))] for case in CASES]
    for miss in misses:
        if miss:
            print(*miss, sep="\n")
    assert sum(not miss for miss in misses) >= 55


# --- the rule files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "group", "table"), GROUPS, ids=[f"{x[0]}-{x[1]}" for x in GROUPS])
def test_phrases_do_what_their_examples_say(language, group, table):
    for example in table.get("examples", []):
        assert group in groups_of(example), example
    for example in table.get("not_examples", []):
        assert group not in groups_of(example), (example, groups_of(example)[group])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_group(language):
    rules, groups = load_rules(), phrase_groups(language)
    wanted = {entry.id for entry in rules.indicators} - set(COMPUTED)
    wanted |= {entry.id for entry in rules.not_threats} | set(rules.grand) | HELPERS
    assert wanted == set(groups) - {"number_words"}
    for group in wanted - HELPERS - set(rules.grand):
        assert groups[group]["examples"], group
        assert groups[group]["not_examples"], group


def test_rules_name_only_what_exists():
    rules = load_rules()
    known = {entry.id for entry in rules.indicators}
    assert set(COMPUTED) <= known
    assert rules.never_low <= known
    assert rules.treat_as_real | rules.cheap_kinds | rules.never_low_kinds <= set(THREAT_KINDS)
    assert {guard for entry in rules.not_threats for guard in entry.guards} <= HELPERS
    assert all(entry.text for entry in rules.indicators)


def test_rules_are_read_once():
    assert load_rules() is load_rules()


# --- sums -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("$10", 10, "USD"),
        ("USD 10", 10, "USD"),
        ("10 dollars", 10, "USD"),
        ("$1,250.50", 1250.5, "USD"),
        ("$5k", 5000, "USD"),
        ("£2.45", 2.45, "GBP"),
        ("€20", 20, "EUR"),
        ("20 ευρώ", 20, "EUR"),
        ("20 ΕΥΡΩ", 20, "EUR"),
        ("1.500 kr", 1500, "NOK"),
        ("NOK 4 900", 4900, "NOK"),
        ("500,-", 500, "NOK"),
        ("₱250", 250, "PHP"),
        ("250 pesos", 250, "PHP"),
        ("250-peso", 250, "PHP"),
        ("P250", 250, "PHP"),
        ("Rp 150.000", 150_000, "IDR"),
        ("150rb", 150_000, "IDR"),
        ("1,5 juta", 1_500_000, "IDR"),
        ("रु ५००", 500, "NPR"),
        ("Rs. 500", 500, "NPR"),
        ("NPR 1,50,000", 150_000, "NPR"),
        ("२ लाख", 200_000, "NPR"),
        ("५ हजार रुपैयाँ", 5000, "NPR"),
    ],
)
def test_sums_are_read_in_local_ways(text, value, currency):
    message = f"x {text}."
    (amount,) = find_amounts(message)
    assert (amount.value, amount.currency) == (pytest.approx(value), currency)
    assert message[amount.start : amount.end] == text


@pytest.mark.parametrize("text", ["order 4471", "12 May 2024", "3 times", "version 1.5", "Room 250"])
def test_numbers_without_a_currency_are_no_sums(text):
    assert find_amounts(text) == ()


@given(st.text(alphabet="0123456789.,५ ", min_size=1).filter(lambda text: text[0].isdigit()))
def test_reading_a_number_never_fails(text):
    for amount in find_amounts("$" + text):
        assert amount.value >= 0
    assert read_number("7") == 7


# --- phrases --------------------------------------------------------------------------------------------------------


def test_folding_drops_case_accents_and_apostrophes_but_keeps_devanagari():
    assert fold("Won’t") == fold("WONT") == "wont"
    assert fold("ΜΉΝΥΣΗ") == fold("μηνυση")
    assert fold("पैसा") == "पैसा"


def test_phrases_match_prefixes_gaps_numbers_and_names_at_original_offsets():
    book = PhraseBook({"a": ["lawyer* _ ^"], "b": ["within ~ days"], "c": ["order #"]}, ["two"])
    message = "Two LAWYERS, called Éva, within two days of order 77. Within. Two days"
    hits = book.find(split_words(message, book.numbers))
    assert {group: [message[h.start : h.end] for h in found] for group, found in hits.items()} == {
        "a": ["LAWYERS, called Éva"],
        "b": ["within two days"],
        "c": ["order 77"],
    }


def test_an_unusable_phrase_is_refused():
    with pytest.raises(ValueError, match="_ x"):
        PhraseBook({"a": ["_ x"]})


# --- form, demand, deadline -----------------------------------------------------------------------------------------


def test_demand_deadline_and_form_are_found():
    message = "Hello. Refund me the deposit by Friday, or I will file with the county court."
    threat = Threat("legal", 0.8, 7, len(message))
    (found,) = analyse(message, [threat])
    assert found.form == "conditional"
    assert message[slice(*found.demand)] == "Refund me the deposit by Friday"
    assert message[slice(*found.deadline)] == "by Friday"
    assert (found.kind, found.score, found.start, found.end) == ("legal", 0.8, 7, len(message))


def test_deadline_may_stand_in_another_sentence():
    message = "You have 48 hours. I will write a review on Yelp."
    (found,) = analyse(message, [Threat("reputation", 0.8, 19, len(message))])
    assert message[slice(*found.deadline)] == "You have 48 hours"
    assert found.form == "direct"


def test_veiled_threat():
    assert one("It would be a shame if your neighbours heard.", "other").form == "veiled"


# --- stake against cost ---------------------------------------------------------------------------------------------


def test_small_stake_is_set_against_the_cost_in_words():
    threat = one("Give me my $10 back or I'll sue you.")
    (reason,) = [reason for reason in threat.reasons if reason.id == "small_stake_big_cost"]
    assert reason.text == (
        "a lawsuit over 10 USD would cost at least 30-400 USD in filing fees alone and thousands with a lawyer"
    )
    assert threat.credibility == "low"
    assert reason.effect == "lowers"


def test_context_outweighs_the_sums_of_the_text():
    context = Context(amount_at_stake=9000, currency="USD")
    threat = one("The delivery fee alone was $10 and I will sue you.", context=context)
    assert "real_stake" in ids(threat)
    assert "small_stake_big_cost" not in ids(threat)


def test_the_sum_claimed_is_not_the_stake():
    threat = one("I will sue you for $900,000 because the cable that cost $9 broke.")
    assert "small_stake_big_cost" in ids(threat)
    assert "real_stake" not in ids(one("I will sue you for $900,000."))


def test_country_decides_the_cost_group():
    context = Context(amount_at_stake=100, currency="USD", country="PH")
    assert "small_stake_big_cost" not in ids(one("I will sue.", context=context))
    assert "small_stake_big_cost" in ids(one("I will sue.", context=Context(amount_at_stake=100, currency="USD")))


def test_unknown_currency_says_nothing():
    assert ids(one("I will sue.", context=Context(amount_at_stake=1, currency="XXX"))) == set()


def test_context_reasons():
    context = Context(
        relationship_months=40, monthly_value=250, currency="EUR", earlier_threats=2, written_contract=True
    )
    churn = one("I will cancel.", "churn", context)
    assert ids(churn) >= {"long_relationship", "repeated_ultimatum"}
    assert "40 months, 250 EUR a month" in " ".join(reason.text for reason in churn.reasons)
    assert "written_contract" in ids(one("I will sue.", context=context))
    assert "carried_out_before" in ids(one("I will sue.", context=Context(carried_out=1, earlier_threats=2)))


# --- floors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["violence", "property", "self_harm"])
@pytest.mark.parametrize(
    "message", ["MAYBE I WILL. YOU HAVE NO IDEA WHO I AM #notathreat", "I won't say more.", ">I will"]
)
def test_harm_is_always_treated_as_real(kind, message):
    threat = one(message, kind, Context(earlier_threats=9, amount_at_stake=1, currency="USD"))
    assert threat.credibility == "treat_as_real"
    assert all(reason.effect == "raises" for reason in threat.reasons)


@pytest.mark.parametrize(
    "named", ["My lawyer Dana Whitfield has the file.", "The case number is SC-2291.", "You have been served."]
)
def test_named_lawyer_case_number_and_served_document_are_never_low(named):
    message = f"You have no idea who I am. Maybe I'll sue you over $5. I'll shut your company down. {named}"
    assert one(message).credibility == "medium"


# --- no threat ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("He said he would sue me over the fence.", "legal"),
        ("They threatened to send me to collections.", "payment"),
        ("I take that back, I was angry.", "legal"),
        ("I'm not going to sue anyone.", "legal"),
        ("I cancelled my plan last year.", "churn"),
        ("Suppose a customer sued, would your insurance pay?", "legal"),
        ("How do I file a chargeback?", "payment"),
        ("I want to sue my landlord, can you represent me?", "legal"),
        ('The caller was odd, he said "I will report you" and hung up.', "regulator"),
        ("> I will sue you", "legal"),
        ("I'm going to die of boredom on hold.", "self_harm"),
        ("My ex threatened to kill me, please change my number.", "violence"),
        ("Jeg skal ikke saksøke.", "legal"),
        ("Δεν θα κάνω μήνυση.", "legal"),
        ("Saya tidak akan menggugat.", "legal"),
        ("Hindi ko kayo idedemanda.", "legal"),
        ("म मुद्दा हाल्दिनँ।", "legal"),
    ],
)
def test_what_is_no_threat_is_left_out(message, kind):
    assert analyse(message, [whole(message, kind)]) == ()


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("I won't hesitate to sue you.", "legal"),
        ("Give me a refund and I won't sue.", "legal"),
        ("I'm not going to sue, I will report you to the BBB.", "regulator"),
        ("He said he would sue me, so I will sue you.", "legal"),
        ("My lawyer said he would file on Monday.", "legal"),
        ("What happens if I sue you?", "legal"),
        ("I won't cancel if you refund me.", "churn"),
        ("I am not going to wait, I will kill him.", "violence"),
        ("This is not a threat, but I know where you live.", "violence"),
        ("I take that back, I won't hurt myself.", "self_harm"),
    ],
)
def test_what_is_still_a_threat_stays(message, kind):
    assert len(analyse(message, [whole(message, kind)])) == 1


def test_only_the_sentence_that_takes_it_back_is_dropped():
    message = "I'm not going to sue. I will leave a review."
    found = analyse(message, [Threat("legal", 0.6, 0, 21), Threat("reputation", 0.7, 22, len(message))])
    assert [threat.kind for threat in found] == ["reputation"]


# --- the bluff score ------------------------------------------------------------------------------------------------


def leveled(level: str, doubts: int = 0) -> Threat:
    reasons = tuple(Reason(f"r{n}", "lowers") for n in range(doubts))
    return Threat("legal", 0.9, 0, 1, credibility=level, reasons=reasons)


def test_credible_threats_do_not_score_as_a_bluff():
    assert combine_bluff(0.99, 0.9, [leveled("high"), leveled("high")]) <= 0.05
    assert combine_bluff(0.99, 0.9, [leveled("treat_as_real"), leveled("low", 3)]) <= 0.05


def test_doubtful_threats_score_higher_and_mixed_ones_as_learnt():
    assert combine_bluff(0.4, 0.9, [leveled("low", 3)]) == pytest.approx(0.67)
    assert combine_bluff(0.4, 0.9, [leveled("low", 1)]) == pytest.approx(0.49)
    assert combine_bluff(0.4, 0.9, [leveled("low", 3), leveled("high")]) == 0.4
    assert combine_bluff(0.4, 0.9, []) == 0.4
    assert combine_bluff(0.4, 0.2, [leveled("low", 3)]) == 0.2


@given(
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
    st.lists(st.builds(leveled, st.sampled_from(sorted(LEVEL)), st.integers(0, 5)), max_size=4),
)
def test_bluff_is_bounded_by_threat_and_monotone(bluff, other, threat, threats):
    low, high = (combine_bluff(score, threat, threats) for score in sorted((bluff, other)))
    assert 0 <= low <= high <= threat


# --- properties -----------------------------------------------------------------------------------------------------

SENTENCES = [
    "I will sue you.",
    "Maybe I'll sue.",
    "My lawyer Dana Whitfield has the file.",
    "I paid $8,400 in May.",
    "The cable cost $9.",
    "You have no idea who I am.",
    "Refund me by Friday.",
    "I'll shut your company down.",
    "Jeg har sendt klage til Forbrukertilsynet.",
    "Θα κάνω μήνυση.",
    "I spoke to my lawyer yesterday.",
    "The weather is nice.",
    "I know people.",
]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(SENTENCES), unique=True, max_size=6), st.integers(1, 20), st.booleans())
def test_adding_a_small_sum_never_raises_a_lawsuit(sentences, dollars, known):
    context = Context(amount_at_stake=500 if known else None)
    message = " ".join(["I will sue you.", *sentences])
    more = f"{message} The price was ${dollars}."
    before, after = (analyse(text, [Threat("legal", 0.9, 0, 15)], context) for text in (message, more))
    assert [LEVEL[x.credibility] for x in after] <= [LEVEL[x.credibility] for x in before]


@settings(max_examples=60)
@given(st.permutations(SENTENCES[:3]), st.sampled_from(THREAT_KINDS), st.integers(0, 5), st.integers(0, 5))
def test_raising_carried_out_never_lowers(sentences, kind, earlier, carried):
    message = " ".join(sentences)
    levels = [
        one(message, kind, Context(earlier_threats=earlier, carried_out=count)).credibility
        for count in (carried, carried + 1)
    ]
    assert LEVEL[levels[0]] <= LEVEL[levels[1]]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(SENTENCES), unique=True, min_size=1, max_size=6).flatmap(
    lambda chosen: st.tuples(st.just(chosen), st.permutations(chosen))), st.sampled_from(THREAT_KINDS))  # fmt: skip
def test_order_of_sentences_changes_nothing(orders, kind):
    def outcome(sentences: list[str]) -> list[tuple[str, list[str]]]:
        message = " ".join([*sentences[1:], sentences[0]] if sentences is orders[0] else sentences)
        start = message.index(orders[0][0])
        found = analyse(message, [Threat(kind, 0.9, start, start + len(orders[0][0]))])
        return [(threat.credibility, sorted(ids(threat))) for threat in found]

    assert outcome(orders[0]) == outcome(orders[1])


@settings(max_examples=150, deadline=2000)
@given(st.text(max_size=300), st.sampled_from(THREAT_KINDS))
def test_any_text_goes_through_with_spans_inside_it(message, kind):
    for threat in analyse(message, [whole(message, kind)]):
        spans = [threat.demand, threat.deadline, *((reason.start, reason.end) for reason in threat.reasons)]
        assert all(0 <= start <= end <= len(message) for start, end in filter(None, spans))


@pytest.mark.parametrize(
    "unit",
    [
        "i ",
        "sue you by $1 ",
        "1,",
        "a'",
        "my lawyer Bo ",
        '"he said ',
        "I will sue you. ",
        "i wont sue if ",
        "within two ",
        "é",
        "\n>",
        "क्",
        "$",
    ],
)
def test_long_messages_take_well_under_a_second(unit):
    message = (unit * 100_000)[:100_000]
    step = 50
    threats = [Threat("legal", 0.9, start, start + step) for start in range(0, len(message), 10 * step)]
    began = time.perf_counter()
    analyse(message, [*threats, whole(message)])
    assert time.perf_counter() - began < 3  # a generous bound for busy machines; it takes a fraction of it


def test_message_must_be_a_text():
    with pytest.raises(TypeError, match="message"):
        analyse(b"x", [])  # type: ignore[arg-type]


# --- your own costs -------------------------------------------------------------------------------------------------


def test_costs_can_be_replaced(tmp_path):
    path = tmp_path / "costs.toml"
    path.write_text(SHIPPED_COSTS.read_text(encoding="utf-8").replace("[30, 400]", "[1, 2]"), encoding="utf-8")
    threat = one("I'll sue over $10.", rules=load_rules(path))
    assert "at least 1-2 USD" in threat.reasons[0].text


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("version = 1", "version = = 1", "TOML"),
        ("fees = [30, 400]", "fees = [400, 30]", "cost 1, fees"),
        ("fees = [30, 400]", "fees = 30", "cost 1, fees"),
        ("days = [30, 700]\n", "", "cost 1"),
        ('kind = "legal"', 'kind = "lawsuit"', "cost 1, kind"),
        ('group = "nordic"', 'group = "mars"', "cost 2, group"),
        ("EUR = 1.1", "EUR = -1", "usd_rates.rates.EUR"),
        ("[usd_rates.rates]", "[rates]", "usd_rates"),
        ('act = "a lawsuit"', "act = 5", "cost 1, act"),
        ("[[cost]]", "[[price]]", "cost"),
    ],
)
def test_damaged_costs_say_where(tmp_path, old, new, found):
    path = tmp_path / "costs.toml"
    path.write_text(SHIPPED_COSTS.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(DataError, match=r"expected .* found ") as caught:
        load_rules(path)
    assert found in str(caught.value)
    assert str(path) in str(caught.value)


def test_missing_costs_file(tmp_path):
    with pytest.raises(DataError, match="readable file"):
        load_rules(tmp_path / "none.toml")
    with pytest.raises(TypeError, match="costs_path"):
        load_rules(5)  # type: ignore[arg-type]


def test_every_cost_has_source_and_date():
    costs = load_rules().costs
    assert all(entry.source and entry.date for entry in costs.entries)
    assert {entry.kind for entry in costs.entries if entry.group == "default"} >= {
        "legal",
        "regulator",
        "payment",
        "churn",
    }
    assert costs.usd(Amount(100, "nok")) == pytest.approx(9.5)
