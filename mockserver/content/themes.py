# ruff: noqa: RUF001 — letters of other scripts are meant.
"""The themes and stories of videos, and the words of a hint that name them."""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple


class Setting(NamedTuple):
    """How a story can be filmed: its moments with their lights, its moods, its view and its framings."""

    lights: Mapping[str, tuple[str, ...]]
    moods: tuple[str, ...]
    view: str
    frames: str  # the framing of each of the story's five beats: a letter of `FRAMES`
    people: bool

    @property
    def details(self) -> tuple[str, ...]:
        """The details that can be added to the story, so that two videos with the same story differ visibly."""
        if self.lights is _ROOM:
            return DETAILS["room"]
        return DETAILS["set"] if self.lights in (_STUDIO, _LIVE, _HALL) else DETAILS["outdoors"]


FRAMES = {
    "E": "extreme_wide",
    "W": "wide",
    "F": "full",
    "M": "medium",
    "B": "medium_close",
    "C": "close",
    "X": "macro",
}
DETAILS: dict[str, tuple[str, ...]] = {
    place: tuple(details.split())
    for place, details in {
        "outdoors": "kite birds balloon raincoat trail crow drops leaves flag feather scarf chimney",
        "room": "radio plant raindrops clock postcards tulips lemons curtain bicycle books dog dust",
        "set": "haze mirror cable flare ladder lamp beams reflection camera glass stripe chair",
    }.items()
}
_OUTDOORS = {
    "dawn": ("mist",),
    "morning": ("clear",),
    "midday": ("bright", "overcast"),
    "golden": ("golden",),
    "dusk": ("blue",),
    "night": ("moon",),
}
_DAYTIME = {moment: lights for moment, lights in _OUTDOORS.items() if moment not in ("dusk", "night")}
_STREETS = {**_OUTDOORS, "dawn": ("clear",), "night": ("neon",)}
_ROOM = {"morning": ("window",), "midday": ("window",), "golden": ("window", "lamps"), "night": ("lamps",)}
_STUDIO = {"studio": ("softbox", "rim")}
_LIVE = {"night": ("stage",)}
_HALL = {"studio": ("stage",)}

SETTINGS: dict[str, Setting] = {
    "ocean.shore": Setting(_OUTDOORS, ("serene", "nostalgic", "dramatic", "hopeful"), "vista", "EWCWE", False),
    "ocean.surfer": Setting(_DAYTIME, ("energetic", "hopeful", "playful"), "figure", "WBFFM", True),
    "mountain.hikers": Setting(_DAYTIME, ("hopeful", "serene", "dramatic"), "vista", "ECMEF", True),
    "mountain.skier": Setting(_DAYTIME, ("energetic", "dramatic", "playful"), "figure", "WFMWM", True),
    "nature.forest": Setting(_OUTDOORS, ("serene", "mysterious", "nostalgic"), "vista", "WMCCW", False),
    "nature.meadow": Setting(_DAYTIME, ("serene", "playful", "hopeful"), "detail", "WCXXM", False),
    "city.crossing": Setting(_STREETS, ("energetic", "mysterious", "nostalgic"), "figure", "WFCMW", True),
    "city.skyline": Setting(_STREETS, ("dramatic", "energetic", "elegant"), "vista", "EWWME", False),
    "cooking.pasta": Setting(_ROOM, ("energetic", "intimate", "playful"), "detail", "MCCMC", True),
    "cooking.bread": Setting(_ROOM, ("intimate", "nostalgic", "serene"), "detail", "WCCMB", True),
    "sport.runner": Setting(_DAYTIME, ("energetic", "dramatic", "hopeful"), "figure", "WCFCM", True),
    "sport.basketball": Setting(_STREETS, ("energetic", "playful", "dramatic"), "figure", "WFMMF", True),
    "product.serum": Setting(_STUDIO, ("elegant", "serene", "intimate"), "detail", "MXXCM", False),
    "product.headphones": Setting(_STUDIO, ("elegant", "mysterious", "dramatic"), "detail", "BCXMM", False),
    "portrait.window": Setting(_ROOM, ("intimate", "nostalgic", "serene", "hopeful"), "figure", "WMBCB", True),
    "portrait.potter": Setting(_ROOM, ("intimate", "serene", "nostalgic"), "figure", "WMCCM", True),
    "tech.robot": Setting(_STUDIO, ("mysterious", "hopeful", "dramatic"), "figure", "WMCBM", True),
    "tech.app": Setting(_ROOM, ("hopeful", "elegant", "energetic"), "figure", "MCCMM", True),
    "travel.market": Setting(_STREETS, ("playful", "nostalgic", "energetic"), "figure", "WMBCW", True),
    "travel.road": Setting(_OUTDOORS, ("hopeful", "nostalgic", "serene"), "vista", "EMCWW", False),
    "pets.dog": Setting(_DAYTIME, ("playful", "energetic", "hopeful"), "figure", "WFMFM", False),
    "pets.cat": Setting(_ROOM, ("serene", "playful", "intimate"), "detail", "MCXCM", False),
    "music.guitar": Setting(_LIVE, ("intimate", "nostalgic", "elegant"), "figure", "WMCBM", True),
    "music.festival": Setting(_LIVE, ("energetic", "dramatic", "playful"), "vista", "EMMBW", True),
    "talk.keynote": Setting(_HALL, ("hopeful", "elegant", "dramatic"), "figure", "WMWMW", True),
    "talk.interview": Setting(_STUDIO, ("intimate", "hopeful", "elegant"), "figure", "MBCMW", True),
}
STORIES = tuple(SETTINGS)

# The words of a story select it. The words of a theme leave the choice of the story to the seed.
_WORDS = {
    "ocean.shore": "ocean sea wave tide lighthouse coastline seaside island cliff oceano océano meer mer море океан",
    "ocean.surfer": "surf surfer surfing surfboard swell swim swimming diving scuba kayak",
    "ocean": "beach coast shore sail sailing boat underwater reef coral playa praia plage strand lagoon",
    "mountain.hikers": "hike hiker hiking trek trekking trail alps alpine climb climbing climber ridge wandern",
    "mountain.skier": "ski skier skiing snow snowboard powder winter slope glacier",
    "mountain": "mountain peak summit valley montaña montagne berg berge montanha canyon volcano горы гора горах",
    "nature.forest": "forest wood deer wildlife animal tree river stream waterfall jungle bosque wald forêt лес лесу",
    "nature.meadow": "meadow flower bee bumblebee butterfly garden spring bloom blossom insect macro field",
    "nature": "nature natural landscape park earth green plant outdoor documentary rain autumn fall leaf",
    "city.crossing": "street crossing crowd pedestrian commuter subway metro people walk walking rush shibuya",
    "city.skyline": "skyline skyscraper traffic timelapse hyperlapse rooftop bridge aerial drone architecture",
    "city": "city urban downtown town tokyo london paris york berlin ciudad ville stadt cidade город городу городе",
    "cooking.pasta": "pasta spaghetti noodle chef restaurant pan sauce dinner soup italian",
    "cooking.bread": "bread bake baker baking bakery sourdough cake dough dessert pastry cookie pizza",
    "cooking": "cook cooking kitchen recipe food meal breakfast lunch taste cocina cuisine küche cozinha кухня рецепт",
    "sport.runner": "run runner running sprint marathon athlete track workout fitness gym training yoga exercise",
    "sport.basketball": "basketball hoop dunk court nba streetball football soccer goal tennis volleyball",
    "sport": "sport sports game match team league championship deporte esporte competition race",
    "product.serum": "serum skincare cosmetic cosmetics beauty bottle perfume cream makeup skin sk2 fragrance",
    "product.headphones": "headphone headphones earbuds headset gadget smartwatch wristwatch phone smartphone unboxing",
    "product": "product ad ads advert advertisement commercial brand promo shop ecommerce launch packaging review",
    "portrait.window": "woman girl face model fashion bride wedding smile tea window",
    "portrait.potter": "potter pottery ceramic craft craftsman artisan clay workshop artist handmade elderly",
    "portrait": "portrait man person family baby child kid couple selfie vlog lifestyle retrato",
    "tech.robot": "robot robotic robotics lab laboratory engineer engineering factory machine automation science chip",
    "tech.app": "app dashboard software saas laptop screen screencast code coding programming website ui ux data",
    "tech": "tech technology ai digital innovation computer gaming electronics future sci fi",
    "travel.market": "market bazaar spice souk marrakesh istanbul bangkok marketplace backpacker culture",
    "travel.road": "road roadtrip drive driving car van camper motorcycle highway vehicle route bike train",
    "travel": "travel trip journey tour tourism vacation holiday adventure viaje voyage reise viagem путешествие",
    "pets.dog": "dog puppy retriever labrador terrier hound perro hund chien cachorro doggo собака щенок",
    "pets.cat": "cat kitten kitty tabby gato katze feline кошка кот котёнок",
    "pets": "pet pets cute rabbit hamster parrot",
    "music.guitar": "guitar acoustic singer songwriter piano violin unplugged ballad sing jazz",
    "music.festival": "festival concert band dj crowd rave gig rock party dance dancing edm",
    "music": "music song musician melody musica música musique musik музыка performance",
    "talk.keynote": "keynote lecture conference presentation webinar tutorial lesson course class talk speech "
    "explainer speaker summit teacher education howto guide",
    "talk.interview": "interview podcast host guest conversation discussion panel qa testimonial debate",
    "talk": "meeting news seminar townhall onboarding",
}
# Words in scripts without spaces, which are searched for anywhere in the hint.
_PARTS = {
    "海": "ocean", "바다": "ocean", "بحر": "ocean", "冲浪": "ocean.surfer",
    "サーフィン": "ocean.surfer", "山": "mountain", "登山": "mountain.hikers", "滑雪": "mountain.skier",
    "スキー": "mountain.skier", "산": "mountain", "جبل": "mountain", "森": "nature.forest",
    "숲": "nature.forest", "غابة": "nature.forest", "花": "nature.meadow",
    "城市": "city", "都市": "city", "街": "city", "도시": "city", "مدينة": "city",
    "料理": "cooking", "烹饪": "cooking", "烹飪": "cooking", "요리": "cooking", "طبخ": "cooking",
    "猫": "pets.cat", "貓": "pets.cat", "고양이": "pets.cat", "قطة": "pets.cat",
    "狗": "pets.dog", "犬": "pets.dog", "강아지": "pets.dog", "كلب": "pets.dog",
    "音楽": "music", "音乐": "music", "音樂": "music", "음악": "music", "موسيقى": "music",
    "旅行": "travel", "여행": "travel", "سفر": "travel", "产品": "product", "商品": "product",
    "篮球": "sport.basketball", "バスケ": "sport.basketball", "机器人": "tech.robot", "ロボット": "tech.robot",
}  # fmt: skip
# Words that say nothing about a video.
_FILLER = (
    "a an and are as at be by for from in into is it its of on onto or over that the this to under up with watch "
    "video videos movie clip clips file files media assets static public demo sample example test upload uploads "
    "download final edit edited draft export render output mp mp4 mov webm avi mkv com www http https html index "
    "shorts embed status reel reels v vid img dsc raw tmp content cdn "
)
_MOMENTS = {
    "dawn": "dawn sunrise daybreak misty fog foggy amanecer",
    "morning": "morning breakfast early",
    "midday": "noon midday daylight sunny summer",
    "golden": "sunset evening atardecer goldenhour sundown tramonto",
    "dusk": "dusk twilight bluehour",
    "night": "night nighttime midnight neon nightlife noche nuit nacht moon",
}
_MOODS = {
    "serene": "calm relaxing relax peaceful meditation quiet tranquil slow zen",
    "playful": "fun funny cute happy joyful comedy playful",
    "dramatic": "epic dramatic storm stormy intense powerful cinematic",
    "nostalgic": "nostalgic vintage retro memories memory old",
    "energetic": "energetic fast action extreme rush dance party",
    "intimate": "intimate romantic love cozy cosy tender",
    "mysterious": "mystery mysterious dark secret moody horror",
    "elegant": "elegant luxury luxurious premium minimal stylish",
    "hopeful": "hope hopeful inspiring inspirational uplifting motivation beautiful",
}
MOODS = tuple(_MOODS)
# The tones in which a description can be written.
TONES = ("formal", "casual", "playful", "enthusiastic", "dramatic", "pirate")


@cache
def subjects() -> dict[str, str]:
    """Return the words that name a theme ("ocean") or a story ("ocean.surfer"), in lower case."""
    return _inverted(_WORDS)


@cache
def filler() -> frozenset[str]:
    """Return the words that say nothing about a video."""
    return frozenset(_FILLER.split())


@cache
def moments() -> dict[str, str]:
    """Return the words that name a time of day."""
    return _inverted(_MOMENTS)


@cache
def moods() -> dict[str, str]:
    """Return the words that name a mood."""
    return _inverted(_MOODS)


def named_inside(text: str) -> list[str]:
    """Return the themes and stories that a text names in a script without spaces."""
    return [subject for part, subject in _PARTS.items() if part in text]


def _inverted(words: dict[str, str]) -> dict[str, str]:
    # A word in two lists belongs to the earlier one, which is the more specific one.
    keys: dict[str, str] = {}
    for key, listed in words.items():
        for word in listed.split():
            keys.setdefault(word, key)
    return keys
