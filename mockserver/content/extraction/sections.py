"""The parts of an answer that a prompt can ask for, recognised by its words."""

import re
from collections.abc import Callable
from typing import NamedTuple

from mockserver.content.extraction.footage import Footage


class Section(NamedTuple):
    """One part of an answer: its key in JSON, its heading in text, the words that ask for it, and its content."""

    name: str
    heading: str
    words: str
    content: Callable[[Footage], object]

    def asked_in(self, text: str) -> re.Match[str] | None:
        """Where a text asks for this part; patterns are compiled when first needed, to keep the import cheap."""
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
    """The sections that a prompt asks for, in the order in which it does, at most eight; none where it names none."""
    found = [(match.start(), section) for section in SECTIONS if (match := section.asked_in(prompt))]
    return [section for _, section in sorted(found, key=lambda place: place[0])][:8]


def named(name: str) -> Section:
    """The section of that name."""
    return _BY_NAME[name]
