# ruff: noqa: RUF001 — letters of other scripts are meant.
"""The facts of one video in one language: typed values for everything that prompts ask about."""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from mockserver.content.extraction.rows import Fact, Moment, Seconds
from mockserver.content.extraction.words import Words, common
from mockserver.content.locales import locale
from mockserver.content.people import person
from mockserver.content.scene import Scene
from mockserver.content.timing import split
from mockserver.content.wording import capital, plain_detail, slots
from mockserver.core.seeded import Seeded

_MOST_PEOPLE = 5
# Sentences that are too few for the mood, and enough for all events.
_SHORT, _WHOLE = 2, 7
_FEWEST, _SHORTEST = 2, 6  # words and characters that are too few for a title


@cache
def scenes() -> dict[str, Any]:
    """Return what each story shows, in no language: things and their number, place, text in the picture, products."""
    data: dict[str, Any] = json.loads((Path(__file__).parent / "scenes.json").read_bytes())
    return data


class Facts:
    """What one video of `seconds` seconds shows, in the language of `words`.

    `of` returns a fact by its concept: text, a number, a list of texts, or a list of rows. The first key of a row is
    its main one.
    """

    def __init__(self, scene: Scene, seeded: Seeded, seconds: float, language: Words) -> None:
        self.scene, self.seeded, self.seconds = scene, seeded, seconds
        self.words = language
        self.locale = locale(language.code)
        self.story = self.locale.stories[scene.story]
        self.phrases = slots(scene, self.locale)
        self.shown: dict[str, Any] = scenes()["stories"][scene.story]
        detail: dict[str, int] = scenes()["details"].get(scene.detail, {})
        own: dict[str, int] = self.shown["things"]
        self.things = own | {thing: count + own.get(thing, 0) for thing, count in detail.items()}
        self.sentiment: str = scenes()["moods"][scene.mood][0]
        self.score: float = round(scenes()["moods"][scene.mood][1] + scene.draw(9, 23) / 100, 2)
        # What the prompt asks for: tags with "#", answers to questions, lines with times, sentences of the summary.
        self.hashtags, self.answers, self.times, self.length = False, False, True, 3
        self._also: dict[str, dict[str, str]] = scenes()["also"]

    def of(self, concept: str) -> Any:
        """Return the fact for a concept, or None if there is none."""
        if concept in scenes()["phrases"]:
            return self.phrases[scenes()["phrases"][concept]]
        fact = _FACTS.get(concept)
        return fact(self) if fact else None

    def rows(self, concept: str) -> list[Fact]:
        """Return the rows for a concept; none for a fact that is not a list."""
        fact = self.of(concept)
        if not isinstance(fact, list):
            return []
        also = self._also.get(concept) or {"text": "name", "title": "name", "description": "name", concept: "name"}
        return [
            row if isinstance(row, Fact) else Fact(also, self._about(row, n), name=row) for n, row in enumerate(fact, 1)
        ]

    def _about(self, name: str, number: int) -> dict[str, Any]:
        """Return what a row also has: its number, and what a speaker of this name says."""
        said = [line["quote"] for line in self.lines() if line["speaker"] == name]
        return {"number": number, **({"text": said} if said else {})}

    def count(self, thing: str) -> int:
        """Return how many of a thing, or of a kind of things, are in the picture."""
        kinds: list[str] = scenes()["kinds"].get(thing, [])
        return sum(self.things.get(each, 0) for each in (thing, *kinds)) or int(self.shown["place"] == thing)

    def known(self, text: str) -> bool:
        """Return whether a text names something that videos have or show."""
        asked = any(self.of(found.key) is not None for found in self.words.ask.find(text))
        return asked or bool(self.words.things.find(text))

    def kinds(self, text: str) -> list[str]:
        """Return the names of the things in the picture that are of a kind in a text, such as animals."""
        kinds = [scenes()["kinds"].get(found.key, ()) for found in self.words.things.find(text)]
        return [self.words.names[thing] for kind in kinds for thing in kind if thing in self.things]

    def holds(self, flag: str) -> bool | None:
        """Return whether a statement about the video is true, by its concept; None for what is no statement."""
        outdoors, moment = self.shown["place"] in scenes()["outdoors"], self.scene.moment
        time = scenes()["times"].get(moment) if outdoors else None
        flags: dict[str, bool] = {
            "unsafe": False, "advert": self.scene.theme == "product", "outdoor": outdoors, "indoor": not outdoors,
            "day": moment != "night", "night": moment == "night", "morning": time == "morning",
            "evening": time == "evening", "people": self.count("person") > 0, "ingredients": bool(self.ingredients()),
        } | dict.fromkeys(scenes()["always"], True)  # fmt: skip
        if flag in ("positive", "neutral", "negative", "mixed"):
            return flag == self.sentiment
        if flag in ("male", "female"):
            return self._gender() == {"male": "man", "female": "woman"}[flag]
        return flags.get(flag)

    def summary(self) -> str:
        """Return what is shown, what happens, and the mood, in as many sentences as are asked for."""
        return self.locale.space.join(self.sentences(self.length))

    def sentences(self, count: int) -> list[str]:
        """Return the most important sentences in the order of the video, at most twelve."""
        forms, story, theme = self.locale.description, self.story, self.words.themes[self.scene.theme]
        opening, mood = (form.format_map(self.phrases) for form in (forms.opening[0], forms.mood[0]))
        if count <= _SHORT:
            return [opening, story.beats[1]][:count]
        return [opening, *story.beats[count < _WHOLE : count - 1], mood, *theme[1:5], self.setting()][:count]

    def events(self) -> list[Fact]:
        """Return 3 to 5 consecutive events from the first second to the last."""
        at_most = 5 if self.seconds >= 6 else 3
        beats = self.story.beats if at_most == 5 else self.story.beats[:2] + self.story.beats[4:]
        lengths = split(max(0, int(self.seconds * 1000)), [4 + draw % 6 for draw in self.scene.draws[: len(beats)]])
        rows, at = [], 0
        for number, (beat, millis) in enumerate(zip(beats, lengths, strict=True), 1):
            start, end = Moment(at / 1000), Moment((at + millis) / 1000)
            hidden = {"number": number, "title": _short(beat), "duration": Seconds(round(millis / 1000, 1))}
            rows.append(Fact(self._also["events"], hidden, start=start, end=end, description=beat))
            at += millis
        return rows

    def lines(self, key: str = "quote") -> list[Fact]:
        """Return the spoken lines. In an interview the guest answers the host, otherwise one voice speaks."""
        voices, length = self.speakers(), self.seconds / 2
        rows = []
        for number, line in enumerate(self.story.said):
            start, speaker = Moment((number + 0.1) * length), voices[number % len(voices)]
            hidden = {"number": number + 1, "end": Moment((number + 0.6) * length)}
            if key == "quote":
                rows.append(Fact(self._also["quotes"], hidden, quote=line, speaker=speaker, timestamp=start))
            else:
                rows.append(Fact(self._also["transcript"], hidden, timestamp=start, speaker=speaker, text=line))
        return rows

    def speakers(self) -> list[str]:
        """Return the speakers: host and guest in an interview, otherwise one person or a narrator."""
        gender = scenes()["speech"].get(self.scene.story)
        if gender is None:
            return [self.words.say["narrator"]]
        name = self._named("speaker", gender)
        if self.scene.story != "talk.interview":
            return [name]
        host, guest = self.words.say["host"], self.words.say["guest"]
        return [f"{self._named('host', 'man')} ({host})", f"{name} ({guest})"]

    def people(self) -> list[Fact]:
        """Return a row for each person in the picture, for at most five."""
        genders = [gender for gender in ("woman", "man") for _ in range(self.things.get(gender, 0))]
        speech, voices = scenes()["speech"].get(self.scene.story), self.speakers()
        rows = []
        for number, gender in enumerate(sorted(genders[:_MOST_PEOPLE], key=lambda each: each != speech)):
            name = voices[-1 - number] if speech and number < len(voices) else None
            noun = self.words.names[gender]
            speaks = name is not None
            hidden = {"number": number + 1, "how_many": 1, "time": Moment(0), "speaker": speaks, "transcript": speaks}
            name = name or f"{capital(noun)} {number + 1}"
            rows.append(Fact(self._also["people"], hidden, name=name, gender=noun, description=self.story.subject))
        return rows

    def _gender(self) -> str | None:
        """Return `woman` or `man`: who speaks, or else who is in the picture."""
        spoken: str | None = scenes()["speech"].get(self.scene.story)
        return spoken or next((gender for gender in ("woman", "man") if self.things.get(gender)), None)

    def products(self) -> list[Fact]:
        """Return the products in the video, the most prominent first. Prices are in US dollars."""
        listed = (self.shown["product"], scenes()["themes"][self.scene.theme])
        rows = []
        for number, (name, brand, price) in enumerate(listed):
            at, text = Moment(self.seconds * (0.15, 0.6)[number]), self.words.say["product"]
            hidden = {"number": number + 1, "how_many": 1, "color": self.scene.colors(1)[0]}
            rows.append(
                Fact(
                    self._also["products"], hidden, name=name, brand=brand, price=price, currency="USD",
                    category=self.category(), description=text.format(name=name, brand=brand), timestamp=at,
                )
            )  # fmt: skip
        return rows

    def objects(self) -> list[Fact]:
        """Return the things in the picture with their number."""
        things = {
            self.words.names[thing]: count for thing, count in self.things.items() if thing not in ("woman", "man")
        }
        if self.scene.detail not in scenes()["details"]:
            things[plain_detail(self.scene, self.locale)] = 1
        return [
            Fact(self._also["objects"], {"number": number, "time": Moment(0)}, name=name, count=count)
            for number, (name, count) in enumerate(things.items(), 1)
        ]

    def ingredients(self) -> list[str]:
        """Return the food in the picture."""
        food = scenes()["kinds"]["food"]
        return [self.words.names[thing] for thing in self.things if thing in food]

    def topics(self) -> list[str]:
        """Return the topics, as hashtags if the prompt asks for them."""
        tags = self.story.tags.split(", ")
        return [f"#{tag.replace(' ', '')}" for tag in tags] if self.hashtags else tags

    def filled(self, concept: str | None, values: list[Any], count: int | None) -> list[Any]:
        """Return as many members of a list as are asked for. Where the video has fewer texts, related ones follow."""
        if count is None or (values and not isinstance(values[0], str)):
            return values[:count]
        more: list[str] = []
        if concept == "topics":
            names = [self.category(), *(row["name"] for row in self.objects())]
            more = [f"#{name.replace(' ', '')}" for name in names] if self.hashtags else names
        elif concept == "tips":
            more = self.words.advice
        elif concept in (None, "takeaways"):
            more = self.sentences(count)
        return list(dict.fromkeys([*values, *more]))[:count]

    def questions(self) -> list[Fact]:
        """Return what viewers might ask about the video, with the answers."""
        also, rows = self._also["questions"], []
        for number, (question, concept) in enumerate(zip(self.words.questions, common()["questions"], strict=True), 1):
            value = self.of(concept)
            value = value[0] if isinstance(value, list) else value
            answer = value["quote"] if isinstance(value, dict) else value
            rows.append(Fact(also, {"number": number}, question=question, answer=answer))
        return rows

    def poem(self) -> str:
        """Return three short lines about the video."""
        titles = self.titles()
        shortest = sorted(titles, key=len)[:3]
        return "\n".join(title for title in titles if title in shortest)

    def titles(self) -> list[str]:
        """Return titles for the video, the best first."""
        return list(dict.fromkeys([self.story.title, *map(_short, self.story.beats)]))

    def category(self) -> str:
        """Return the name of the theme."""
        return self.words.themes[self.scene.theme][0]

    def setting(self) -> str:
        """Return place, time and light."""
        place = self.words.names[self.shown["place"]]
        return self.words.say["place"].format_map({**self.phrases, "place": place})

    def _named(self, voice: str, gender: str) -> str:
        return person(self.seeded.child(voice), {"woman": "feminine", "man": "masculine"}[gender])[0]


def _short(sentence: str) -> str:
    """Return the first clauses of a sentence as a title: of at least three words, or six characters without spaces."""
    clauses = re.split(r"(?<=[,;:，；：、،؛])", sentence)
    title = ""
    for clause in clauses:
        title += clause
        if len(title.split()) > _FEWEST or (" " not in title and len(title) > _SHORTEST):
            break
    return title.strip().rstrip(",;:，；：、،؛.。")


_FACTS: dict[str, Callable[[Facts], Any]] = {
    "transcript": lambda facts: facts.lines("text"),
    "quotes": Facts.lines,
    "summary": Facts.summary,
    "description": Facts.summary,
    "takeaways": lambda facts: facts.words.themes[facts.scene.theme][1:3],
    "tips": lambda facts: facts.words.themes[facts.scene.theme][3:5],
    "events": Facts.events,
    "questions": Facts.questions,
    "poem": Facts.poem,
    "people": Facts.people,
    "speaker": Facts.speakers,
    "products": Facts.products,
    "sentiment": lambda facts: facts.words.say[facts.sentiment],
    "score": lambda facts: facts.score,
    "objects": Facts.objects,
    "ingredients": Facts.ingredients,
    "ocr": lambda facts: [facts.shown["sign"]],
    "topics": Facts.topics,
    "title": lambda facts: facts.story.title,
    "name": lambda facts: facts.story.title,
    "style": lambda facts: facts.locale.comma.join(
        [facts.phrases["camera"], facts.phrases["light"], facts.phrases["palette"]]
    ),
    "main_color": lambda facts: facts.scene.colors(1)[0],
    "colors": lambda facts: facts.scene.colors(3),
    "framing": lambda facts: facts.locale.framings[facts.scene.framing],
    "movement": lambda facts: facts.locale.movements[facts.scene.movement],
    "sound": lambda facts: [facts.phrases["music"], *facts.story.effects],
    "effects": lambda facts: list(facts.story.effects),
    "setting": Facts.setting,
    "duration": lambda facts: Seconds(round(facts.seconds, 1)),
    "seconds": lambda facts: Seconds(round(facts.seconds, 1)),
    "start": lambda facts: Moment(0),
    "end": lambda facts: Moment(facts.seconds),
    "brands": lambda facts: list(dict.fromkeys(row["brand"] for row in facts.products())),
    "brand": lambda facts: facts.shown["product"][1],
    "price": lambda facts: facts.shown["product"][2],
    "currency": lambda facts: "USD",
    "category": Facts.category,
    "language": lambda facts: facts.words.say["spoken"],
    "language_code": lambda facts: "en",
    "reason": lambda facts: facts.locale.description.opening[0].format_map(facts.phrases),
    "text": lambda facts: facts.shown["sign"],
    "gender": lambda facts: next((row["gender"] for row in facts.people()), None),
}
