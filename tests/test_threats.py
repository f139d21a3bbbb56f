"""Form, demand, deadline and credibility of a threat, and what is none."""

import pytest
from candidates import ids, one, whole

from clienttone.results import Context, Threat
from clienttone.threats import analyse


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
