"""Files of a request, by URL or in Base64, and the fields for them."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from mockserver.clock import let_others_run
from mockserver.core.faults import Refusal
from mockserver.kit.models import WebUrl
from mockserver.media.encoded import decoded
from mockserver.providers.dumplingai.models import LONGEST_PROMPT, InputMethod, Sourced

MIB = 1_048_576
# A limit of this server: the largest body of a request with files.
MAX_BODY = 64 * MIB
FEW = 20
_BASE64 = ("rule.base64",)
_ENCODED = r"^([A-Za-z0-9+/]{4})+([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$"
_URL: TypeAdapter[str] = TypeAdapter(WebUrl, config=ConfigDict(defer_build=True))

Prompt = Annotated[str, Field(max_length=LONGEST_PROMPT, min_length=1, description="what to extract")]
Short = Annotated[str, Field(min_length=1, max_length=2_000)]


def _absent(value: Any) -> Any:
    return None if value == "" else value


# A text that can be missing, null or empty, which mean the same: published clients send empty texts.
Unset = Annotated[str | None, Field(max_length=200), BeforeValidator(_absent)]


class Input(NamedTuple):
    """A file: a mark that is the same for the same file, its URL, and its bytes if they were sent."""

    mark: str
    url: str = ""
    data: bytes | None = None
    rows: tuple[str, ...] = ()


class WithFiles(Sourced):
    """The base of requests with files by URL or in Base64."""

    input_method: InputMethod = Field(alias="inputMethod", description="how files are given")


def by_method(name: str, urls: Callable[[], Mapping[str, Any]] | None = None) -> Callable[[dict[str, Any]], None]:
    """Return a function that adds to a schema what the field `name` is for each `inputMethod`, for the documents."""

    def add(schema: dict[str, Any]) -> None:
        url = (
            urls()
            if urls is not None
            else {k: v for k, v in _URL.json_schema().items() if k in ("pattern", "maxLength")}
        )
        each = {"url": url, "base64": {"pattern": _ENCODED, "contentEncoding": "base64"}}
        many = schema["properties"][name].get("type") == "array"
        schema["oneOf"] = [
            {
                "title": method,
                "properties": {"inputMethod": {"const": method}, name: _listed(text) if many else text},
                "required": ["inputMethod", name],
            }
            for method, text in (
                ("url", {"type": "string", **each["url"]}),
                ("base64", {"type": "string", **each["base64"]}),
            )
        ]

    return add


def _listed(text: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": text}


async def look_at_each(method: str, texts: Sequence[str], name: str) -> list[Input]:
    """Return the files in `texts`. Raises Refusal `invalid_request` for a text that is none."""
    return [await look_at(method, text, f"{name}[{n}]" if len(texts) > 1 else name) for n, text in enumerate(texts)]


async def look_at(method: str, text: str, name: str) -> Input:
    """Return the file in `text`. Raises Refusal `invalid_request` if it is none."""
    if method == "url":
        try:
            return Input(text, _URL.validate_python(text))
        except ValidationError:
            message = f"{name} must be a public http or https URL when inputMethod is url"
            raise Refusal("invalid_request", message, ledger_rows=("rule.video_url",)) from None
    pieces, digest = [], blake2b(digest_size=16)
    try:
        for piece in decoded(text):
            pieces.append(piece)
            digest.update(piece)
            await let_others_run()
    except ValueError:
        plain = "plain base64, without the data: prefix," if text[:5].lower() == "data:" else "base64-encoded"
        message = f"{name} must be {plain} when inputMethod is base64"
        raise Refusal("invalid_request", message, ledger_rows=_BASE64) from None
    data = b"".join(pieces)
    if not data:
        raise Refusal("invalid_request", f"{name} is empty", ledger_rows=_BASE64)
    rows = _BASE64 if len(text) % 4 or "\n" in text or " " in text else ()
    return Input(digest.hexdigest(), "", data, rows)


def rows_of(inputs: Sequence[Input]) -> tuple[str, ...]:
    """Return the rows of the ledger for these files."""
    return tuple(dict.fromkeys(row for each in inputs for row in each.rows))
