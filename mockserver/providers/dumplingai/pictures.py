"""Generate pictures: POST /api/v1/generate-ai-image."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from mockserver.core.faults import Refusal
from mockserver.kit.models import Body, WebUrl, first_error
from mockserver.providers.dumplingai import files
from mockserver.providers.dumplingai.declare import v1
from mockserver.providers.dumplingai.models import Sourced
from mockserver.providers.dumplingai.work import Task
from mockserver.wire.exchange import Exchange

Ratio = Literal["1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21"]
# Width and height of a megapixel, in multiples of 16 pixels.
_SIZES = {
    "1:1": (1024, 1024),
    "16:9": (1344, 768),
    "21:9": (1536, 640),
    "3:2": (1216, 832),
    "2:3": (832, 1216),
    "4:5": (896, 1088),
    "5:4": (1088, 896),
    "3:4": (896, 1152),
    "4:3": (1152, 896),
    "9:16": (768, 1344),
    "9:21": (640, 1536),
    "2:1": (1408, 704),
    "1:2": (704, 1408),
}
Drawn = Annotated[str, Field(min_length=1, max_length=4_000, description="what the picture shows")]
Number = Annotated[int | None, Field(ge=0, le=2**53)]
_RECRAFT_SIZES = (
    "1024x1024 1365x1024 1024x1365 1536x1024 1024x1536 1820x1024 1024x1820 1024x2048 2048x1024 1434x1024 1024x1434 "
    "1024x1280 1280x1024 1024x1707 1707x1024"
)
_RECRAFT = rf"^({_RECRAFT_SIZES.replace(' ', '|')})$"


class Schnell(Body):
    """The settings of FLUX.1-schnell."""

    prompt: Drawn
    seed: Number = None
    num_outputs: int = Field(default=1, ge=1, le=4)
    aspect_ratio: Ratio = "1:1"
    output_format: Literal["webp", "jpg", "png"] = "webp"
    output_quality: int = Field(default=80, ge=0, le=100)
    num_inference_steps: int = Field(default=4, ge=1, le=4)
    disable_safety_checker: bool = False
    go_fast: bool = True
    megapixels: Literal["1", "0.25"] = "1"


class Dev(Schnell):
    """The settings of FLUX.1-dev."""

    image: WebUrl | None = None
    prompt_strength: float = Field(default=0.8, ge=0, le=1)
    guidance: float = Field(default=3, ge=0, le=10)
    num_inference_steps: int = Field(default=28, ge=1, le=50)


class Kontext(Body):
    """The settings of FLUX.1-kontext-pro."""

    prompt: Drawn
    input_image: WebUrl | None = None
    aspect_ratio: Ratio | Literal["match_input_image", "2:1", "1:2"] = "match_input_image"
    seed: Number = None


class Recraft(Body):
    """The settings of recraft-v3."""

    prompt: Drawn
    size: str = Field(default="1024x1024", pattern=_RECRAFT, description="width x height")
    style: str = Field(default="any", max_length=60)


# The settings and the credits of a picture, by model.
_MODELS: dict[str, tuple[type[Body], int]] = {
    "FLUX.1-schnell": (Schnell, 30),
    "FLUX.1-dev": (Dev, 150),
    "FLUX.1-pro": (Dev, 300),
    "FLUX.1.1-pro": (Dev, 500),
    "FLUX.1-kontext-pro": (Kontext, 200),
    "recraft-v3": (Recraft, 200),
}


def _by_model(schema: dict[str, Any]) -> None:
    """Add to the schema what `input` is for each model, for the documents."""
    schema["oneOf"] = [
        {
            "title": name,
            "properties": {"model": {"const": name}, "input": settings.model_json_schema()},
            "required": ["model", "input"],
        }
        for name, (settings, _) in _MODELS.items()
    ]


class GenerateImage(Sourced):
    """A model and its settings."""

    model_config = ConfigDict(json_schema_extra=_by_model)

    model: Literal["FLUX.1-schnell", "FLUX.1-dev", "FLUX.1-pro", "FLUX.1.1-pro", "FLUX.1-kontext-pro", "recraft-v3"]
    input: dict[str, Any] = Field(description="the settings of the model; each has a `prompt`")


async def generate_image(exchange: Exchange, body: GenerateImage) -> Task:
    """Return links to the pictures. The same settings give the same pictures."""
    model, price = _MODELS[body.model]
    try:
        settings: Any = model.model_validate(body.input)
    except ValidationError as error:
        raise Refusal("invalid_request", f"input.{first_error(error)}") from None
    count = getattr(settings, "num_outputs", 1)
    width, height = _size(settings)
    ending = getattr(settings, "output_format", "png" if body.model == "FLUX.1-kontext-pro" else "webp")
    seed = f"{body.model} {settings.prompt} {getattr(settings, 'seed', None)} {getattr(settings, 'style', '')}"
    links = [
        await files.link(exchange, ending, {"width": width, "height": height, "seed": f"{seed} {number}"})
        for number in range(count)
    ]
    reply = {"images": [{"url": url} for url in links], "prompt": settings.prompt, "creditUsage": price * count}
    rows = ("rule.pro_fields",) if body.model in ("FLUX.1-pro", "FLUX.1.1-pro") else ()
    return Task(price * count, reply, rows)


def _size(settings: Any) -> tuple[int, int]:
    if isinstance(settings, Recraft):
        width, height = map(int, settings.size.split("x"))
        return width, height
    width, height = _SIZES.get(settings.aspect_ratio, _SIZES["1:1"])
    small = getattr(settings, "megapixels", "1") == "0.25"
    return (width // 2, height // 2) if small else (width, height)


OPERATIONS = (v1("generate_ai_image", generate_image, GenerateImage),)
