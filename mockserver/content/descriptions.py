"""What Descrideo answers: a title, a description and tags for a video."""

import re
from collections.abc import Collection

from mockserver.content import hints
from mockserver.content.locales import locale, nearest
from mockserver.content.locales.phrases import Locale
from mockserver.content.scene import Scene
from mockserver.content.wording import Slots, slots
from mockserver.core.seeded import Seeded

FIELDS = ("title", "description", "tags")

# What custom instructions may ask for, in the languages that answers are written in.
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
    """The fields asked for, of `title`, `description` and `tags`, in the order of the documentation.

    Modes are `vision`, `vision_audio` and `audio`: the last two tell what is heard, the last one nothing else. A
    language that has no phrases of its own is answered in English. What `custom_instructions` ask for is done where
    it is understood, and acknowledged where it is not.
    """
    words = locale(nearest(lang))
    scene = Scene.of(seeded, hint)
    wish = (custom_instructions or "")[:2000]
    answer: dict[str, str | list[str]] = {}
    if "title" in fields:
        answer["title"] = _title(scene, words, mode)
    if "description" in fields:
        answer["description"] = words.space.join(_sentences(scene, words, wish, mode))
    if "tags" in fields:
        answer["tags"] = _tags(scene, words, wish)
    return answer


def _title(scene: Scene, words: Locale, mode: str) -> str:
    plain, timed, hinted = words.description.titles
    title, named = words.stories[scene.story].title, hints.title_words(scene.words)[:4]
    if named and scene.draw(2, 16):
        return hinted.format(title=title, hint=" ".join(named).title())
    # Nobody hears what time of day it is, and in a studio it does not matter.
    if mode == "audio" or scene.moment == "studio" or scene.draw(2, 17):
        return plain.format(title=title)
    return timed.format_map({**slots(scene, words), "title": title})


def _tags(scene: Scene, words: Locale, wish: str) -> list[str]:
    own = words.stories[scene.story].tags.split(", ")
    known = {tag.lower() for tag in own}
    tags = own + [word for word in hints.title_words(scene.words)[:3] if not known & {word, word + "s"}]
    if re.search(_HASHTAGS, wish):
        return ["#" + tag.replace(" ", "") for tag in tags]
    return tags


def _sentences(scene: Scene, words: Locale, wish: str, mode: str) -> list[str]:
    said = slots(scene, words)
    longer, shorter = bool(re.search(_LONGER, wish)), bool(re.search(_SHORTER, wish))
    technical = mode != "audio" and bool(re.search(_TECHNICAL, wish))
    # "Focus on technical details" asks for the technical side, not for a longer text.
    longer = longer and not (technical and re.search(r"(?i)techni\w+ detail", wish))
    told = [] if mode == "audio" else _seen(scene, words, said, longer, shorter)
    if mode in ("audio", "vision_audio"):
        told += _heard(scene, words, said, mode, 2 if longer else 0 if shorter else 1)
    if technical:
        said["colors"] = words.comma.join(scene.colors(3))
        told.append(words.description.technical.format_map(said))
    if wish and not (longer or shorter or technical or re.search(_HASHTAGS, wish)):
        gist = hints.clean(wish).rstrip(".!。")
        told += [words.description.asked.format(gist=gist.join(words.quotes))] if gist else []
    return told


def _seen(scene: Scene, words: Locale, said: Slots, longer: bool, shorter: bool) -> list[str]:
    forms, beats, draw = words.description, words.stories[scene.story].beats, scene.draw
    opening = forms.opening[draw(2, 18)].format_map(said)
    if shorter:
        return [opening]
    told = [opening, *(beats if longer else beats[1:3]), forms.mood[draw(2, 19)].format_map(said)]
    return [*told, forms.call[draw(2, 20)]] if longer or draw(2, 21) else told


def _heard(scene: Scene, words: Locale, said: Slots, mode: str, lines: int) -> list[str]:
    forms, story = words.description, words.stories[scene.story]
    said["effect"] = story.effects[scene.draw(2, 14)]
    told = [forms.audio_opening.format_map(said)] if mode == "audio" else []
    told.append(forms.heard.format_map(said))
    spoken = story.said if lines == 2 else story.said[scene.draw(2, 22) :][:lines]
    return told + [forms.said.format(line=line.join(words.quotes)) for line in spoken]
