"""Results of Descrideo: a title, a description and tags for a video."""

import re
from collections.abc import Collection, Iterator

from mockserver.content import hints
from mockserver.content.fitting import Limits, Part, fitted
from mockserver.content.instructions.patterns import compiled
from mockserver.content.instructions.reading import FieldWishes, Instructions, read
from mockserver.content.locales import code_for, locale
from mockserver.content.locales.phrases import Locale
from mockserver.content.scene import Scene
from mockserver.content.wording import Slots, capital, plain_detail, slots
from mockserver.core.seeded import Seeded

FIELDS = ("title", "description", "tags")
_STOPS = ".!?\u3002\uff01\uff1f\u061f"  # also those of Chinese, Japanese and Arabic
_EMOJI = {
    "ocean": "🌊", "mountain": "🏔️", "nature": "🌿", "city": "🏙️", "cooking": "🍳", "sport": "🏃", "product": "✨",
    "portrait": "🖼️", "tech": "🤖", "travel": "🧭", "pets": "🐾", "music": "🎵", "talk": "🎤",
}  # fmt: skip
# The ranks of a description's parts: what is asked for by name, then the text, then what can be left out.
_ASKED, _WISHED, _OPENING, _BODY, _EXTRA = range(5)


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
    language without phrases gets English. Known requests in `custom_instructions` are followed; others have no effect.
    """
    asked = read(custom_instructions) if custom_instructions else Instructions()
    words = locale(code_for(asked.language or ("en" if asked.foreign else lang)))
    scene = Scene.of(seeded, hint)
    result: dict[str, str | list[str]] = {}
    if "title" in fields:
        result["title"] = _title(scene, words, mode, asked.title)
    if "description" in fields:
        result["description"] = _description(scene, words, mode, asked)
    if "tags" in fields:
        result["tags"] = _tags(scene, words, mode, asked.tags)
    return result


def _title(scene: Scene, words: Locale, mode: str, wishes: FieldWishes) -> str:
    plain, detailed, timed, hinted = words.description.titles
    title, hint_words = words.stories[scene.story].title, hints.title_words(scene.words)[:4]
    form = detailed
    if hint_words and scene.draw(2, 16):
        form = hinted.replace("{hint}", " ".join(hint_words).title())
    elif mode == "audio":
        form = plain  # neither a detail nor the time of day can be heard
    elif scene.moment != "studio" and scene.draw(2, 17):
        form = timed
    text = form.format_map({**slots(scene, words), "title": title})
    if wishes.mentions:
        text = f"{text} | {words.comma.join(wishes.mentions)}"
    # If the title is too long or contains a word to avoid, a shorter one is used. It is cut only if that is too long.
    limits = Limits(wishes.words, wishes.characters, None, wishes.least)
    titles = [t for t in (text, title, capital(plain_detail(scene, words))) if not _contains(t, *wishes.avoided)]
    text = fitted([Part(tuple(titles or [_without(title, wishes.avoided)]), _ASKED)], "", limits)
    return _cased(f"{_EMOJI[scene.theme]} {text}" if wishes.emoji else text, wishes)


def _tags(scene: Scene, words: Locale, mode: str, wishes: FieldWishes) -> list[str]:
    own = words.stories[scene.story].tags.split(", ")
    if mode != "audio":
        own.append(plain_detail(scene, words))
    known = {tag.lower() for tag in own}
    tags = own + [word for word in hints.title_words(scene.words)[:3] if not known & {word, word + "s"}]
    tags = [tag for tag in tags if not any(_contains(tag, word) for word in wishes.avoided)]
    if wishes.count is not None and len(tags) + len(wishes.mentions) < wishes.count:
        named = {tag.lower() for tag in tags}
        tags += [tag for tag in _more_tags(scene, words) if tag.lower() not in named]
    if wishes.count is not None:
        tags = tags[: max(wishes.count - len(wishes.mentions), 0)]
    tags += wishes.mentions
    if wishes.hashtags:
        return [_hashtag(tag) for tag in tags]
    return [_cased(tag, wishes) for tag in tags]


def _more_tags(scene: Scene, words: Locale) -> list[str]:
    """Return the theme and the things in the picture as tags, for instructions that ask for many."""
    from mockserver.content.extraction.facts import scenes  # few instructions ask for that
    from mockserver.content.extraction.words import words as words_of

    own, shown = words_of(words.code), scenes()["stories"][scene.story]
    return [own.themes[scene.theme][0], *(own.names[thing] for thing in (shown["place"], *shown["things"]))]


def _description(scene: Scene, words: Locale, mode: str, asked: Instructions) -> str:
    wishes = asked.description
    parts = list(_parts(scene, words, mode, asked))
    if wishes.avoided:
        parts = [part for part in parts if not _contains(part.alternatives[0], *wishes.avoided)] or parts
    joint = "\n" if asked.bullets else words.space
    if asked.bullets:
        parts = [part._replace(alternatives=tuple(f"• {text}" for text in part.alternatives)) for part in parts]
    # Characters of the emoji and its space count, too.
    emoji = f"{_EMOJI[scene.theme]} " if wishes.emoji else ""
    characters = None if wishes.characters is None else max(wishes.characters - len(emoji), 1)
    limited = Limits(
        None if wishes.words is None else max(wishes.words - bool(emoji), 1), characters, wishes.sentences, wishes.least
    )
    text = fitted(parts, joint, limited)
    return emoji + _cased(_without(text, wishes.avoided), wishes)


def _parts(scene: Scene, words: Locale, mode: str, asked: Instructions) -> Iterator[Part]:
    """Yield the parts of a description: what instructions add, around the sentences about the video."""
    forms, wishes = words.description, asked.description
    tone = forms.tones.get(asked.tone or "")
    mentions = words.comma.join(wishes.mentions)
    if asked.starts:
        yield Part((asked.starts if asked.starts[-1] in ".!?。:," else f"{asked.starts}.",), _ASKED, 0)
    opening, *others = _sentences(scene, words, asked, mode)
    if tone and wishes.sentences:  # the greeting is no sentence of its own
        opening = f"{tone[0].rstrip(_STOPS)}: {opening}"
    elif tone:
        yield Part((tone[0],), _WISHED, 0)
    story = words.stories[scene.story]
    stop = "。" if words.space == "" else "."
    yield Part((opening, capital(story.subject) + stop, story.title + stop, story.title), _OPENING)
    yield from (Part((sentence,), _BODY) for sentence in others)
    if mentions:
        yield Part((forms.mention.format(words=mentions), mentions), _ASKED, int((wishes.sentences or 1) > 1))
    if tone:
        yield Part((tone[1],), _EXTRA, int(wishes.sentences is not None))
    if asked.action:
        yield Part((forms.action,), _WISHED, 0)
    if asked.ends:
        yield Part((asked.ends,), _ASKED, 0)
    hashtags = list(wishes.tagged)
    if wishes.hashtags:
        hashtags += [_hashtag(tag) for tag in _tags(scene, words, mode, FieldWishes())[: wishes.hashtags]]
    if hashtags:
        yield Part((" ".join(hashtags),), _WISHED, 0)


def _sentences(scene: Scene, words: Locale, asked: Instructions, mode: str) -> list[str]:
    values = slots(scene, words)
    longer, shorter = asked.longer, asked.shorter
    sentences = [] if mode == "audio" else _visual(scene, words, values, longer, shorter)
    if mode in ("audio", "vision_audio"):
        sentences += _audible(scene, words, values, mode, 2 if longer else 0 if shorter else 1)
    if asked.technical and mode != "audio":
        values["colors"] = words.comma.join(scene.colors(3))
        sentences.append(words.description.technical.format_map(values))
    return sentences


def _hashtag(tag: str) -> str:
    return "#" + "".join(c for c in tag if c.isalnum() or c == "_")


def _cased(text: str, wishes: FieldWishes) -> str:
    return text.upper() if wishes.upper else text.lower() if wishes.lower else text


def _contains(text: str, *words: str) -> bool:
    lower = text.lower()
    return any(word.lower() in lower for word in words)


def _without(text: str, avoided: list[str]) -> str:
    for word in avoided:
        text = compiled(rf"\s?{re.escape(word)}").sub("", text)
    return text.strip()


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
    own = {**values, "subject": story.subject}  # a detail cannot be heard
    sentences = [forms.audio_opening.format_map(own)] if mode == "audio" else []
    sentences.append(forms.heard.format_map(values))
    spoken = story.said if lines == 2 else story.said[scene.draw(2, 22) :][:lines]
    return sentences + [forms.said.format(line=line.join(words.quotes)) for line in spoken]
