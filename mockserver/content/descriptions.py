"""Results of Descrideo: a title, a description and tags for a video."""

import re
from collections.abc import Collection

from mockserver.content import hints
from mockserver.content.locales import code_for, locale
from mockserver.content.locales.phrases import Locale
from mockserver.content.scene import Scene
from mockserver.content.wording import Slots, slots
from mockserver.core.seeded import Seeded

FIELDS = ("title", "description", "tags")

# Requests that custom instructions can contain, in the languages of the results.
_TECHNICAL = r"(?i)techni|técni|tecni|техни|技术|技術|기술|تقني|camera|lighting|lens|equipment"
_LONGER = (
    r"(?i)detail|longer|extend|elaborat|in.depth|thorough|comprehensive|verbose|detall|détail|ausführlich|"
    r"подробн|详细|詳細|詳しく|자세|مفصل"
)
_SHORTER = (
    r"(?i)\b(?:short|shorter|brief|briefly|concise|one sentence|breve|court|courte|kurz)\b|"
    r"кратк|简短|簡短|短く|짧게|مختصر"
)
_HASHTAGS = r"(?i)hashtag|хештег|хэштег|话题标签|ハッシュタグ|해시태그|هاشتاغ"


def describe(
    seeded: Seeded,
    hint: str,
    fields: Collection[str] = FIELDS,
    lang: str = "en",
    custom_instructions: str | None = None,
    mode: str = "vision",
) -> dict[str, str | list[str]]:
    """Return the requested ones of `title`, `description` and `tags`, in the order of the documentation.

    Modes are `vision`, `vision_audio` and `audio`. The last two describe sounds, and `audio` describes only sounds. A
    language without phrases gets English. Known requests in `custom_instructions` are followed; other instructions are
    repeated in a sentence.
    """
    words = locale(code_for(lang))
    scene = Scene.of(seeded, hint)
    instructions = (custom_instructions or "")[:2000]
    result: dict[str, str | list[str]] = {}
    if "title" in fields:
        result["title"] = _title(scene, words, mode)
    if "description" in fields:
        result["description"] = words.space.join(_sentences(scene, words, instructions, mode))
    if "tags" in fields:
        result["tags"] = _tags(scene, words, instructions)
    return result


def _title(scene: Scene, words: Locale, mode: str) -> str:
    plain, timed, hinted = words.description.titles
    title, hint_words = words.stories[scene.story].title, hints.title_words(scene.words)[:4]
    if hint_words and scene.draw(2, 16):
        return hinted.format(title=title, hint=" ".join(hint_words).title())
    # The time of day cannot be heard, and does not matter in a studio.
    if mode == "audio" or scene.moment == "studio" or scene.draw(2, 17):
        return plain.format(title=title)
    return timed.format_map({**slots(scene, words), "title": title})


def _tags(scene: Scene, words: Locale, instructions: str) -> list[str]:
    own = words.stories[scene.story].tags.split(", ")
    known = {tag.lower() for tag in own}
    tags = own + [word for word in hints.title_words(scene.words)[:3] if not known & {word, word + "s"}]
    if re.search(_HASHTAGS, instructions):
        return ["#" + tag.replace(" ", "") for tag in tags]
    return tags


def _sentences(scene: Scene, words: Locale, instructions: str, mode: str) -> list[str]:
    values = slots(scene, words)
    longer, shorter = bool(re.search(_LONGER, instructions)), bool(re.search(_SHORTER, instructions))
    technical = mode != "audio" and bool(re.search(_TECHNICAL, instructions))
    # "Focus on technical details" asks for technical content, not for a longer text.
    longer = longer and not (technical and re.search(r"(?i)techni\w+ detail", instructions))
    sentences = [] if mode == "audio" else _visual(scene, words, values, longer, shorter)
    if mode in ("audio", "vision_audio"):
        sentences += _audible(scene, words, values, mode, 2 if longer else 0 if shorter else 1)
    if technical:
        values["colors"] = words.comma.join(scene.colors(3))
        sentences.append(words.description.technical.format_map(values))
    if instructions and not (longer or shorter or technical or re.search(_HASHTAGS, instructions)):
        gist = hints.clean(instructions).rstrip(".!。")
        sentences += [words.description.asked.format(gist=gist.join(words.quotes))] if gist else []
    return sentences


def _visual(scene: Scene, words: Locale, values: Slots, longer: bool, shorter: bool) -> list[str]:
    """Return the sentences about the picture."""
    forms, beats, draw = words.description, words.stories[scene.story].beats, scene.draw
    opening = forms.opening[draw(2, 18)].format_map(values)
    if shorter:
        return [opening]
    sentences = [opening, *(beats if longer else beats[1:3]), forms.mood[draw(2, 19)].format_map(values)]
    return [*sentences, forms.call[draw(2, 20)]] if longer or draw(2, 21) else sentences


def _audible(scene: Scene, words: Locale, values: Slots, mode: str, lines: int) -> list[str]:
    """Return the sentences about the sound, with `lines` spoken lines."""
    forms, story = words.description, words.stories[scene.story]
    values["effect"] = story.effects[scene.draw(2, 14)]
    sentences = [forms.audio_opening.format_map(values)] if mode == "audio" else []
    sentences.append(forms.heard.format_map(values))
    spoken = story.said if lines == 2 else story.said[scene.draw(2, 22) :][:lines]
    return sentences + [forms.said.format(line=line.join(words.quotes)) for line in spoken]
