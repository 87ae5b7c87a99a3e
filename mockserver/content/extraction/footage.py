"""The content of one video in English, as plain data."""

from typing import NamedTuple

from mockserver.content import prompts
from mockserver.content.extraction import findings
from mockserver.content.extraction.findings import Findings, Theme
from mockserver.content.locales import locale
from mockserver.content.locales.phrases import Story
from mockserver.content.people import person
from mockserver.content.scene import Scene
from mockserver.content.timing import clock, split
from mockserver.content.wording import Slots, slots
from mockserver.core.seeded import Seeded

Row = dict[str, object]

# The gender of the speaker, for stories in which a person in the picture speaks. Other stories have a narrator.
_VOICES = {
    "portrait.window": "feminine", "portrait.potter": "masculine", "tech.robot": "feminine", "tech.app": "any",
    "cooking.pasta": "any", "cooking.bread": "any", "sport.runner": "feminine", "music.guitar": "masculine",
    "music.festival": "masculine", "talk.keynote": "feminine", "talk.interview": "feminine",
}  # fmt: skip
_INGREDIENTS = {
    "cooking.pasta": ["fresh pasta", "olive oil", "garlic", "cherry tomatoes", "basil", "hard cheese", "salt"],
    "cooking.bread": ["wheat flour", "water", "sourdough starter", "salt"],
}
_PEOPLE = dict.fromkeys(("people", "person", "persons", "men", "women", "faces", "face", "humans"), "people")
_SENTIMENTS = {
    "serene": ("positive", 0.64), "playful": ("positive", 0.86), "dramatic": ("mixed", 0.47),
    "nostalgic": ("mixed", 0.55), "energetic": ("positive", 0.8), "intimate": ("positive", 0.71),
    "mysterious": ("neutral", 0.5), "elegant": ("positive", 0.66), "hopeful": ("positive", 0.83),
}  # fmt: skip


class Footage(NamedTuple):
    """One video of `seconds` seconds: its events, speech, products and other details."""

    scene: Scene
    seeded: Seeded
    seconds: float

    @property
    def story(self) -> Story:
        """The story of the video."""
        return locale("en").stories[self.scene.story]

    @property
    def findings(self) -> Findings:
        """The details of the story beyond its beats."""
        return findings.STORIES[self.scene.story]

    @property
    def theme(self) -> Theme:
        """The details that all stories of the theme share."""
        return findings.THEMES[self.scene.theme]

    @property
    def phrases(self) -> Slots:
        """The phrases of the scene."""
        return slots(self.scene, locale("en"))

    def summary(self) -> str:
        """Return three sentences: what is shown, what happens, and the mood."""
        phrases = self.phrases
        forms = locale("en").description
        return " ".join((forms.opening[0].format_map(phrases), self.story.beats[1], forms.mood[0].format_map(phrases)))

    def events(self) -> list[Row]:
        """Return 3 to 5 consecutive events from the first second to the last."""
        beats = self.story.beats if self.seconds >= 6 else self.story.beats[:2] + self.story.beats[4:]
        lengths = split(max(0, int(self.seconds * 1000)), [4 + draw % 6 for draw in self.scene.draws[: len(beats)]])
        rows: list[Row] = []
        at = 0
        for beat, millis in zip(beats, lengths, strict=True):
            rows.append({"start": clock(at / 1000), "end": clock((at + millis) / 1000), "description": beat})
            at += millis
        return rows

    def transcript(self) -> list[Row]:
        """Return the 2 to 4 spoken lines, each with its speaker and the time at which it begins."""
        first, last = self.story.said
        lines = [first, *self.findings.lines, last]
        if self.scene.story == "talk.interview":  # the guest's first answer follows the host's question
            lines = [first, last, *self.findings.lines]
        names = self.speakers()
        if self.seconds < 12:
            lines = [lines[0], lines[-1]] if self.scene.story != "talk.interview" else lines[:2]
        step = self.seconds / len(lines)
        return [
            {"timestamp": clock((at + 0.2) * step), "speaker": names[0 if at == 0 else -1], "text": line}
            for at, line in enumerate(lines)
        ]

    def speakers(self) -> list[str]:
        """Return the names of the speakers: host and guest in an interview, otherwise one person or `Narrator`."""
        gender = _VOICES.get(self.scene.story)
        if gender is None:
            return ["Narrator"]
        speaker = person(self.seeded.child("speaker"), gender)[0]
        if self.scene.story == "talk.interview":
            return [f"{person(self.seeded.child('host'))[0]} (host)", f"{speaker} (guest)"]
        return [speaker]

    def quotes(self) -> list[Row]:
        """Return the quotes."""
        return [
            {"quote": line["text"], "speaker": line["speaker"], "timestamp": line["timestamp"]}
            for line in self.transcript()
        ]

    def products(self) -> list[Row]:
        """Return the products in the video, the most prominent first. Prices are in US dollars."""
        products = (self.findings.product, self.theme.product)
        times = [self.seconds * part for part in (0.15, 0.6)]
        return [
            {**product._asdict(), "currency": "USD", "timestamp": clock(at)}
            for product, at in zip(products, times, strict=True)
        ]

    def takeaways(self) -> list[str]:
        """Return three takeaways."""
        return [self.findings.takeaway, *self.theme.takeaways]

    def advice(self) -> list[str]:
        """Return three recommendations."""
        return list(self.theme.tips)

    def people(self) -> Row:
        """Return the number of people in the picture, and the speakers."""
        return {"visible": self.findings.people, "speakers": self.speakers()}

    def counts(self) -> Row:
        """Return the number of people, scenes, spoken lines, products and objects."""
        return {
            "people": self.findings.people,
            "scenes": len(self.events()),
            "spoken_lines": len(self.transcript()),
            "products": len(self.products()),
            "objects": len(self.objects()),
        }

    def count_of(self, noun: str) -> int:
        """Return the number of something: counted if possible, otherwise a small seeded number."""
        counts, plural = self.counts(), _PEOPLE.get(noun, noun if noun.endswith("s") else noun + "s")
        known = counts.get(plural)
        return known if isinstance(known, int) else self.seeded.integer(1, 4, "count", plural)

    def objects(self) -> list[str]:
        """Return the objects in the picture."""
        return self.findings.objects.split(", ")

    def ingredients(self) -> list[str]:
        """Return the ingredients of a cooking video; empty for other videos."""
        return _INGREDIENTS.get(self.scene.story, [])

    def topics(self) -> list[str]:
        """Return the topics."""
        return self.story.tags.split(", ")

    def sentiment(self) -> Row:
        """Return the sentiment: `positive`, `neutral` or `mixed`, with a score from 0 to 1, and the mood."""
        label, score = _SENTIMENTS[self.scene.mood]
        return {"overall": label, "score": round(score + self.scene.draw(9, 23) / 100, 2), "mood": self.phrases["mood"]}

    def style(self) -> Row:
        """Return colors, lighting, mood and camera."""
        return dict(prompts.style_analysis(self.scene))

    def sound(self) -> Row:
        """Return music and sound effects."""
        return {"music": self.phrases["music"], "effects": list(self.story.effects)}

    def setting(self) -> str:
        """Return place, time and light."""
        return "{Subject}, {moment}; {light}.".format_map(self.phrases)

    def length(self) -> str:
        """Return the duration as text."""
        return f"{clock(self.seconds)} ({round(self.seconds, 1)} seconds)"
