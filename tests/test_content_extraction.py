"""DumplingAI's answers: the requested sections and fields, as text or as JSON, with times within the video."""

import json
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.content import themes
from mockserver.content.extraction.answers import extract
from mockserver.content.extraction.facts import scenes
from mockserver.content.extraction.words import words
from mockserver.content.locales import CODES
from mockserver.core.seeded import Seeded

SEED = Seeded("e")
TALK = "https://example.com/keynote-conference.mp4"


def answer(prompt: str, hint: str = TALK, seconds: float = 90) -> str:
    return extract(SEED, prompt, hint, seconds, False)


def data(prompt: str, hint: str = TALK, seconds: float = 90):
    return json.loads(extract(SEED, prompt, hint, seconds, True))


def test_events_are_consecutive_from_the_first_second_to_the_last():
    events = data("Describe the main events in this video.")["events"]
    assert list(events[0]) == ["start", "end", "description"]
    assert (events[0]["start"], events[-1]["end"]) == ("00:00", "01:30")
    assert all(one["end"] == two["start"] for one, two in pairwise(events))
    text = answer("Describe the main events in this video.")
    assert all(event["description"] in text for event in events)


def test_sections_come_in_the_order_of_the_prompt():
    prompt = "Summarize the main takeaways and capture speaker quotes."
    assert list(data(prompt)) == ["summary", "takeaways", "quotes"]
    text = answer(prompt)
    assert text.index("**Summary**") < text.index("**Key takeaways**") < text.index("**Quotes**")
    assert re.search(r"^- \[\d\d:\d\d\] [A-Z]\w+ [A-Z]\w+: .+$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("prompt", "keys"),
    [
        ("Transcribe the video", ["transcript"]),
        ("What is the sentiment?", ["sentiment"]),
        ("Who are the people in this clip?", ["people"]),
        ("What text on screen can be read?", ["on_screen_text"]),
        ("Give me the topics", ["topics"]),
        ("Describe the music and where it takes place", ["music", "setting"]),
        ("How long is it?", ["duration"]),
        ("Any action items?", ["recommendations"]),
        ("List the ingredients", ["ingredients"]),
        ("Tell me everything", ["summary", "events"]),
    ],
)
def test_the_words_of_a_prompt_select_the_sections(prompt, keys):
    assert list(data(prompt)) == keys


def test_counts_answer_questions_of_how_many():
    assert answer("How many people are there?", "interview.mp4") == "Number of people in the video: 2."
    assert answer("how many speakers", "ocean-lighthouse.mp4")
    assert answer("How many people are there?", "lighthouse.mp4") == "Number of people in the video: 0."
    assert data("How many people and how many products?", "interview.mp4") == {"people": 2, "products": 2}


def test_a_question_without_an_answer_in_the_video_says_so():
    assert answer("Is there a red car?").startswith("No. This video shows a speaker")
    assert data("Is there a red car?")["answer"] is False
    assert answer("Is there a stage?").startswith("Yes. ")
    assert not answer("Was passiert hier?").startswith("Nein")


@pytest.mark.parametrize(
    ("prompt", "keys", "group"),
    [
        ("return title, price and brand", ["title", "price", "brand"], None),
        ("Extract all products with name, brand and price", ["name", "brand", "price"], "products"),
        (
            "List every scene with start time, end time and description",
            ["start_time", "end_time", "description"],
            "scenes",
        ),
        ('Return JSON like {"title": "...", "is_safe": true}', ["title", "is_safe"], None),
        ("Return an object with the following fields: name, email, key_points", ["name", "email", "key_points"], None),
        ("Extract the title, summary, and tags from the video.", ["title", "summary", "tags"], None),
    ],
)
def test_named_fields_are_the_keys(prompt, keys, group):
    answered = data(prompt)
    if group:
        assert list(answered) == [group]
        assert all(list(row) == keys for row in answered[group])
    else:
        assert list(answered) == keys


def test_fields_have_values_of_the_right_type():
    product = data("return title, price and brand", "skincare-serum.mp4")
    assert product == {"title": "Clear Serum No. 4", "price": 58.0, "brand": "Maison Alba"}
    mixed = data(
        '{"is_safe": true, "product_count": 0, "speakers": [], "sentiment_score": 0, "email": null, "links": []}'
    )
    assert isinstance(mixed["is_safe"], bool)
    assert mixed["product_count"] == 2
    assert isinstance(mixed["speakers"], list)
    assert 0 <= mixed["sentiment_score"] <= 1
    assert (mixed["email"], mixed["links"]) == (None, [])


def test_an_array_is_returned_on_request():
    rows = data("Return a JSON array of objects with keys product_name, price_usd and brand")
    assert [list(row) for row in rows] == [["product_name", "price_usd", "brand"]] * 2


def test_named_fields_are_labels_in_text():
    assert "- Price: 58\n" in answer("return title, price and brand", "skincare-serum.mp4")


def test_text_and_json_have_the_same_content():
    quotes = data("Give me the quotes")["quotes"]
    assert all(quote["quote"] in answer("Give me the quotes") for quote in quotes)
    assert {quote["speaker"] for quote in quotes} == {line["speaker"] for line in data("transcript")["transcript"]}


def test_an_interview_has_two_voices_and_the_host_asks_first():
    lines = data("transcript", "podcast-interview.mp4")["transcript"]
    assert lines[0]["speaker"].endswith("(host)")
    assert lines[0]["text"].endswith("?")
    assert {line["speaker"] for line in lines[1:]} == {lines[1]["speaker"]}
    assert lines[1]["speaker"].endswith("(guest)")


def test_every_story_has_facts():
    data = scenes()
    assert set(data["stories"]) == set(themes.SETTINGS)
    assert set(data["themes"]) == {story.partition(".")[0] for story in themes.STORIES}
    assert set(data["moods"]) == set(themes.MOODS)
    names = set(words("en").names)
    assert set(data["kinds"]) | {thing for kind in data["kinds"].values() for thing in kind} <= names
    for name, story in data["stories"].items():
        assert {story["place"], *story["things"]} <= names, name
        people = sum(story["things"].get(each, 0) for each in ("woman", "man"))
        assert (people > 0) >= themes.SETTINGS[name].people, name
        assert story["product"][2] > 0


@pytest.mark.parametrize("code", CODES)
def test_a_language_has_every_word(code: str):
    own, english = words(code), words("en")
    assert own.names.keys() == english.names.keys()
    assert own.say.keys() == english.say.keys()
    assert own.themes.keys() == english.themes.keys()
    assert all(len(texts) == 5 and all(texts) for texts in own.themes.values())
    assert own.asked.keys() <= english.asked.keys()
    assert {"how_many", "numeral", "only", "yes", "no", "or", "and", "fields", "choose", "wh"} <= own.asked.keys()
    assert own.say["count"].format(n=1, what="x")
    assert own.say["product"].format(name="a", brand="b")


@settings(max_examples=60)
@given(seconds=st.floats(min_value=0, max_value=4000), seed=st.integers())
def test_timestamps_are_within_the_video(seconds, seed):
    result = json.loads(extract(Seeded(seed), "events, quotes, transcript and products", "", seconds, True))
    times = re.findall(r"(?:(\d+):)?(\d\d):(\d\d)\"", json.dumps(result))
    assert times
    assert all(int(h or 0) * 3600 + int(m) * 60 + int(s) <= seconds for h, m, s in times)


@given(prompt=st.text(), hint=st.text(), json_mode=st.booleans())
def test_any_prompt_gets_an_answer_within_bounds(prompt, hint, json_mode):
    result = extract(SEED, prompt, hint, 30, json_mode)
    assert 0 < len(result.encode()) < 48_000
    assert len(result) < 12_000
    if json_mode:
        assert json.loads(result)


WORDS = (
    "return list fields with name price and , : each product json array how many quotes { } \" ' \n | all object start"
)


@given(st.lists(st.sampled_from(WORDS.split(" ")), max_size=40).map(" ".join), st.booleans())
def test_any_prompt_of_likely_words_gets_an_answer_within_bounds(prompt, json_mode):
    result = extract(SEED, prompt, "", 30, json_mode)
    assert 0 < len(result) < 20_000
    if json_mode:
        assert json.loads(result)


@pytest.mark.parametrize(
    "word",
    ["array of a with b and (each: c) ", "get a, b, c and d ", '"key": ', "how many dogs ", "\u202e|\x00", "quotes "],
)
def test_a_huge_prompt_does_not_make_a_huge_answer(word):
    for json_mode in (False, True):
        assert len(extract(SEED, word * 10_000, "x" * 100_000, 30, json_mode)) < 12_000
