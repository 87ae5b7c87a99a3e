"""The sections of an answer, selected by the words of a prompt."""

import re
from collections.abc import Callable
from typing import NamedTuple

from mockserver.content.extraction.footage import Footage


class Section(NamedTuple):
    """A section of an answer: its key in JSON, its heading in text, the pattern that selects it, and its content."""

    name: str
    heading: str
    words: str
    content: Callable[[Footage], object]

    def match_in(self, text: str) -> re.Match[str] | None:
        """Return the match of the pattern in a text. It is compiled when it is first used, for a fast import."""
        return re.search(self.words, text, re.IGNORECASE)


SECTIONS = (
    Section(
        "transcript",
        "Transcript",
        r"transcri|subtitle|caption|verbatim|spoken|dialog|what (?:is|was|do|does|did|they|s?he)\b.{0,20}\bsa(?:id|y)",
        Footage.transcript,
    ),
    Section(
        "summary",
        "Summary",
        r"summar|overview|\btl;?dr|\bgist\b|recap|synopsis|in short|\babout\?|what(?:'s| is) (?:this|the) video",
        Footage.summary,
    ),
    Section(
        "takeaways",
        "Key takeaways",
        r"take-?aways?|(?:key|main) (?:points?|ideas?|messages?|findings?)|insights?|lessons?|learn|highlights?"
        r"|conclusion",
        Footage.takeaways,
    ),
    Section(
        "events",
        "Main events",
        r"event|happen|\bactions?\b(?! items?)|timeline|timestamp|chapter|\bscenes?\b|\bshots?\b|moment|\bsteps?\b"
        r"|sequence|chronolog|breakdown|storyline|plot\b",
        Footage.events,
    ),
    Section("quotes", "Quotes", r"quot(?:e|ation)s?\b", Footage.quotes),
    Section(
        "people",
        "People",
        r"\bpeople\b|\bpersons?\b|\bwho\b|\bspeakers?\b(?!'?s?'? quotes?)|participants?|characters?|\bguests?\b"
        r"|\bhosts?\b",
        Footage.people,
    ),
    Section(
        "products",
        "Products",
        r"products?\b|brands?\b|prices?\b|for sale|sponsor|merchandise|\bsku\b",
        Footage.products,
    ),
    Section("counts", "Counts", r"how many|\bcounts?\b|number of", Footage.counts),
    Section("sentiment", "Sentiment", r"sentiment|emotion|\bmood|\btone\b|feeling|\bvibe", Footage.sentiment),
    Section(
        "objects",
        "Objects",
        r"(?<!json )objects?\b|(?<!action )\bitems?\b|\bthings\b|visible|appear|vehicles?|animals?|tools?\b|equipment",
        Footage.objects,
    ),
    Section("ingredients", "Ingredients", r"\bingredients?\b", Footage.ingredients),
    Section(
        "on_screen_text",
        "On-screen text",
        r"on-?\s?screen text|\bocr\b|written|text (?:in|on)|visible text|\bsigns?\b|overlay",
        lambda footage: [footage.findings.sign],
    ),
    Section(
        "topics",
        "Topics",
        r"topics?\b|\btags?\b|keywords?|hashtags?|categor(?:y|ies)|\bthemes?\b|\bgenre",
        Footage.topics,
    ),
    Section("title", "Title", r"\btitles?\b|headline", lambda footage: footage.story.title),
    Section(
        "style",
        "Visual style",
        r"\bstyle\b|colou?rs?\b|lighting|camera|cinematograph|aesthetic|composition|visuals?\b",
        Footage.style,
    ),
    Section("sound", "Sound", r"\baudio\b|\bsounds?\b|\bmusic\b|\bnoises?\b|\bbgm\b|soundtrack", Footage.sound),
    Section(
        "setting",
        "Setting",
        r"\bwhere\b|locations?\b|\bplaces?\b|\bsetting\b|background|environment|weather|time of day",
        Footage.setting,
    ),
    Section("duration", "Duration", r"how long|duration|\blength\b|runtime", Footage.length),
    Section(
        "recommendations",
        "Recommendations",
        r"action items?|recommend|advice|\btips?\b|to-?dos?\b|next steps|how to\b|instructions?\b",
        Footage.advice,
    ),
)
_BY_NAME = {section.name: section for section in SECTIONS}


def asked_for(prompt: str) -> list[Section]:
    """Return the sections that a prompt asks for, in the order of its words, at most eight."""
    matches = [(match.start(), section) for section in SECTIONS if (match := section.match_in(prompt))]
    return [section for _, section in sorted(matches, key=lambda match: match[0])][:8]


def named(name: str) -> Section:
    """Return the section with this name."""
    return _BY_NAME[name]
