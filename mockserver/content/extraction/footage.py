"""What an attentive viewer would note down about one video, in English, as plain data."""

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

# Who speaks in a story, where somebody in the picture does; elsewhere a narrator speaks over it.
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
    """One video of `seconds` seconds: what it shows, who speaks, what there is to learn from it."""

    scene: Scene
    seeded: Seeded
    seconds: float

    @property
    def story(self) -> Story:
        """The story that the video tells."""
        return locale("en").stories[self.scene.story]

    @property
    def findings(self) -> Findings:
        """What the story shows beyond its beats."""
        return findings.STORIES[self.scene.story]

    @property
    def theme(self) -> Theme:
        """What the story shares with others of its theme."""
        return findings.THEMES[self.scene.theme]

    @property
    def said(self) -> Slots:
        """The scene in words."""
        return slots(self.scene, locale("en"))

    def summary(self) -> str:
        """Three sentences: what is shown, what happens, how it feels."""
        said = self.said
        forms = locale("en").description
        return " ".join((forms.opening[0].format_map(said), self.story.beats[1], forms.mood[0].format_map(said)))

    def events(self) -> list[Row]:
        """What happens when: 3 to 5 events that follow one another from the first second to the last."""
        beats = self.story.beats if self.seconds >= 6 else self.story.beats[:2] + self.story.beats[4:]
        lasting = split(max(0, int(self.seconds * 1000)), [4 + draw % 6 for draw in self.scene.draws[: len(beats)]])
        rows: list[Row] = []
        at = 0
        for beat, millis in zip(beats, lasting, strict=True):
            rows.append({"start": clock(at / 1000), "end": clock((at + millis) / 1000), "description": beat})
            at += millis
        return rows

    def transcript(self) -> list[Row]:
        """Everything that is said, line by line, 2 to 4 lines, each with who says it and when it begins."""
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
        """The names of those who speak: in an interview host and guest, elsewhere one person or `Narrator`."""
        gender = _VOICES.get(self.scene.story)
        if gender is None:
            return ["Narrator"]
        speaker = person(self.seeded.child("speaker"), gender)[0]
        if self.scene.story == "talk.interview":
            return [f"{person(self.seeded.child('host'))[0]} (host)", f"{speaker} (guest)"]
        return [speaker]

    def quotes(self) -> list[Row]:
        """What is worth quoting."""
        return [
            {"quote": line["text"], "speaker": line["speaker"], "timestamp": line["timestamp"]}
            for line in self.transcript()
        ]

    def products(self) -> list[Row]:
        """The products that can be seen, the most prominent first; prices in US dollars."""
        found = (self.findings.product, self.theme.product)
        shown = [self.seconds * part for part in (0.15, 0.6)]
        return [
            {**product._asdict(), "currency": "USD", "timestamp": clock(at)}
            for product, at in zip(found, shown, strict=True)
        ]

    def takeaways(self) -> list[str]:
        """Three things to remember."""
        return [self.findings.takeaway, *self.theme.takeaways]

    def advice(self) -> list[str]:
        """Three things to do."""
        return list(self.theme.tips)

    def people(self) -> Row:
        """How many people are in the picture, and who speaks."""
        return {"visible": self.findings.people, "speakers": self.speakers()}

    def counts(self) -> Row:
        """What can be counted."""
        return {
            "people": self.findings.people,
            "scenes": len(self.events()),
            "spoken_lines": len(self.transcript()),
            "products": len(self.products()),
            "objects": len(self.objects()),
        }

    def count_of(self, noun: str) -> int:
        """How many of something there are: counted where the video tells, else a small number."""
        counts, plural = self.counts(), _PEOPLE.get(noun, noun if noun.endswith("s") else noun + "s")
        known = counts.get(plural)
        return known if isinstance(known, int) else self.seeded.integer(1, 4, "count", plural)

    def objects(self) -> list[str]:
        """The things in the picture."""
        return self.findings.objects.split(", ")

    def ingredients(self) -> list[str]:
        """What is cooked with, where something is cooked."""
        return _INGREDIENTS.get(self.scene.story, [])

    def topics(self) -> list[str]:
        """What the video could be filed under."""
        return self.story.tags.split(", ")

    def sentiment(self) -> Row:
        """How it feels: `positive`, `neutral` or `mixed`, with a score from 0 to 1."""
        label, score = _SENTIMENTS[self.scene.mood]
        return {"overall": label, "score": round(score + self.scene.draw(9, 23) / 100, 2), "mood": self.said["mood"]}

    def style(self) -> Row:
        """Colors, lighting, mood and camera."""
        return dict(prompts.style_analysis(self.scene))

    def sound(self) -> Row:
        """Music and noises."""
        return {"music": self.said["music"], "effects": list(self.story.effects)}

    def setting(self) -> str:
        """Where and when."""
        return "{Subject}, {moment}; {light}.".format_map(self.said)

    def length(self) -> str:
        """How long it runs."""
        return f"{clock(self.seconds)} ({round(self.seconds, 1)} seconds)"
