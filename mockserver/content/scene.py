"""Scenes: what a simulated video shows, as keys for the phrases in `locales`."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from mockserver.content import hints
from mockserver.content.themes import DETAILS as DETAILS_OF
from mockserver.content.themes import FRAMES, SETTINGS, STORIES, Setting
from mockserver.core.seeded import Seeded

T = TypeVar("T")

# The framings, angles and movements of the camera that suit each view.
_VIEWS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "vista": (
        ("extreme_wide", "wide"),
        ("eye", "low", "high", "aerial"),
        ("static", "push_in", "pull_back", "pan", "crane", "tracking"),
    ),
    "figure": (
        ("wide", "full", "medium", "medium_close", "close"),
        ("eye", "low", "eye", "high"),
        ("push_in", "tracking", "handheld", "static", "orbit", "pan"),
    ),
    "detail": (
        ("medium_close", "close", "macro", "close"),
        ("eye", "high", "overhead", "eye"),
        ("push_in", "static", "rack_focus", "orbit", "slide"),
    ),
}
_LENSES = {
    "extreme_wide": (16, 20, 24), "wide": (24, 28, 35), "full": (28, 35, 40), "medium": (35, 50, 40),
    "medium_close": (50, 65, 85), "close": (75, 85, 100), "macro": (90, 100, 105),
}  # fmt: skip
# The palettes that suit each light, and the colours of each palette, strongest first.
_PALETTES_OF = {
    "mist": ("pearl_rose", "slate_mist"), "clear": ("azure_sand", "sage_straw"), "bright": ("azure_sand", "sage_straw"),
    "overcast": ("slate_mist", "steel_ochre"), "golden": ("amber_teal", "peach_plum"), "blue": ("indigo_ember",),
    "moon": ("indigo_silver",), "neon": ("magenta_cyan", "indigo_ember"), "window": ("cream_walnut", "white_sage"),
    "lamps": ("honey_charcoal", "cream_walnut"), "softbox": ("white_sage", "cream_walnut", "pearl_rose"),
    "rim": ("graphite_silver", "honey_charcoal"), "stage": ("magenta_cyan", "honey_charcoal", "indigo_ember"),
}  # fmt: skip
_COLORS = {
    "pearl_rose": (0xE8C4BE, 0xF3E9E2, 0x9C8A94, 0xC98F8A, 0x5E5A66),
    "slate_mist": (0x7B8A94, 0xC9D1D3, 0x3F4A54, 0xA7B4B8, 0x596772),
    "azure_sand": (0x3E8FC4, 0xE3CFA4, 0xF4F1E8, 0x1F5673, 0xB99B6B),
    "sage_straw": (0x6E8F5B, 0xDCC67F, 0x3C5A3A, 0xB5C99A, 0x8A6D3F),
    "steel_ochre": (0x6C757D, 0xC08A3E, 0x343A40, 0xADB5BD, 0x7F5A2B),
    "amber_teal": (0xE39B45, 0x1F7A78, 0xF6D7A0, 0x9C4F24, 0x123F46),
    "peach_plum": (0xF2A884, 0x6B3A5B, 0xFBE0C9, 0xC4586C, 0x3A2140),
    "indigo_ember": (0x2B3A75, 0xE0763C, 0x151B3B, 0x6173B8, 0xF4B57A),
    "indigo_silver": (0x26315E, 0xB9C3D6, 0x0E1330, 0x5C6A94, 0x7F8BA6),
    "magenta_cyan": (0xD6287F, 0x19B7C9, 0x1A1030, 0x6C2BD1, 0xF06BB2),
    "cream_walnut": (0xEFE3CC, 0x6B4630, 0xC9A57C, 0x3D2A20, 0xA67C52),
    "white_sage": (0xF4F4EF, 0xA9B89C, 0xD9DED2, 0x6F7F66, 0x8C8F86),
    "honey_charcoal": (0xD99A3B, 0x2B2A2C, 0x8A5A24, 0xF2CF8E, 0x4A4440),
    "graphite_silver": (0x2A2D31, 0xB8BDC4, 0x5A6068, 0x0F1113, 0x7F8790),
}  # fmt: skip

# The keys that every language has phrases for. Those of moods and stories are in `themes`.
MOMENTS = tuple(dict.fromkeys(moment for setting in SETTINGS.values() for moment in setting.lights))
LIGHTS = tuple(_PALETTES_OF)
PALETTES = tuple(_COLORS)
DETAILS = tuple(detail for details in DETAILS_OF.values() for detail in details)
FRAMINGS = tuple(FRAMES.values())
ANGLES = tuple(dict.fromkeys(angle for _, angles, _ in _VIEWS.values() for angle in angles))
MOVEMENTS = tuple(dict.fromkeys(movement for _, _, movements in _VIEWS.values() for movement in movements))


class Scene(NamedTuple):
    """One video's story, detail, moment, light, mood, palette and camera, as keys for the phrases in `locales`.

    `draws` is the rest of the digest. The other modules use it for small choices, so that a scene needs only one hash.
    """

    story: str
    detail: str
    moment: str
    light: str
    mood: str
    palette: str
    framing: str
    angle: str
    movement: str
    lens: int
    words: tuple[str, ...]
    draws: bytes

    @classmethod
    def of(cls, seeded: Seeded, hint: str, subject: str | None = None) -> "Scene":
        """Create the scene that a hint (a URL, a file name or a prompt) names. The seed decides the rest.

        `subject` is a theme ("ocean") or a story ("ocean.surfer"), used if the hint names no subject.
        """
        read = hints.read(hint)
        digest = seeded.digest("scene", hint[:2000], size=64)
        story = _story(read.subject or subject, digest[0])
        setting = SETTINGS[story]
        moment = _moment(setting, read.moment, digest[1])
        light = _pick(setting.lights[moment], digest[2])
        framings, angles, movements = _VIEWS[setting.view]
        framing = _pick(framings, digest[5])
        return cls(
            story=story,
            detail=_pick(setting.details, digest[63]),
            moment=moment,
            light=light,
            mood=read.mood or _pick(setting.moods, digest[3]),
            palette=_pick(_PALETTES_OF[light], digest[4]),
            framing=framing,
            angle=_pick(angles, digest[6]),
            movement=_pick(movements, digest[7]),
            lens=_pick(_LENSES[framing], digest[8]),
            words=read.words,
            draws=digest[9:],
        )

    @property
    def theme(self) -> str:
        """The theme of the story: `ocean` for `ocean.surfer`."""
        return self.story.partition(".")[0]

    @property
    def setting(self) -> Setting:
        """The lights and moods that suit this story, and whether it has people."""
        return SETTINGS[self.story]

    def colors(self, count: int = 3) -> list[str]:
        """Return `count` (at most five) colours of the palette as `#RRGGBB`, strongest first, each slightly varied."""
        shades = zip(_COLORS[self.palette][:count], range(0, 3 * count, 3), strict=False)
        return [_shaded(color, self.draws[at : at + 3]) for color, at in shades]

    def draw(self, count: int, slot: int) -> int:
        """Return a number below `count` (at most 256) for the choice number `slot`, from 0 to 38."""
        return self.draws[15 + slot] % count


def lens(framing: str, draw: int) -> int:
    """Return a focal length in millimetres that suits a framing."""
    return _pick(_LENSES[framing], draw)


def _story(subject: str | None, draw: int) -> str:
    if subject is None:
        return STORIES[draw % len(STORIES)]
    if "." in subject:
        return subject
    return _pick([s for s in STORIES if s.startswith(subject + ".")], draw)


def _moment(setting: Setting, hinted: str | None, draw: int) -> str:
    if hinted in setting.lights:
        return str(hinted)
    return _pick(tuple(setting.lights), draw)


def _pick(options: Sequence[T], draw: int) -> T:
    return options[draw % len(options)]


def _shaded(color: int, draws: bytes) -> str:
    # The three lowest bits of each channel vary by scene: too little to see, but enough for tests to compare.
    return f"#{color & 0xF8F8F8 | int.from_bytes(draws, 'big') & 0x070707:06X}"
