"""The bodies of VideoToPrompt, as its documents show them."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, model_validator

from mockserver.providers.base import Body, Shape

Platform = Literal["midjourney", "stable-diffusion", "dalle3", "sora", "runway", "generic"]
Depth = Literal["basic", "standard", "detailed", "comprehensive"]
Status = Literal["pending", "processing", "completed", "failed"]
ErrorType = Literal[
    "bad_request", "unauthorized", "forbidden", "not_found", "rate_limit_exceeded", "server_error", "service_unavailable"
]


def web_url(value: str) -> str:
    """An http(s) URL with a host, else ValueError."""
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or any(c <= " " for c in value):
        raise ValueError("must be an http or https URL")
    return value


WebUrl = Annotated[
    str,
    Field(min_length=1, max_length=2048, json_schema_extra={"pattern": "^https?://[^\\s/?#]+[^\\s]*$"}),
    AfterValidator(web_url),
]
Language = Annotated[str, Field(pattern="^[a-z]{2}$", description="ISO 639-1 code of the output's language")]


class Options(Body):
    """What all analyses can be asked for."""

    platform: Platform = "generic"
    style_depth: Depth = "standard"
    include_negative: bool = False
    language: Language = "en"


class UrlAnalysis(Options):
    """An analysis of a video at a public URL."""

    url: WebUrl
    timestamp_start: float = Field(default=0, ge=0, description="seconds")
    timestamp_end: float | None = Field(default=None, gt=0, description="seconds; left out: the end of the video")

    @model_validator(mode="after")
    def _forward(self) -> "UrlAnalysis":
        if self.timestamp_end is not None and self.timestamp_end <= self.timestamp_start:
            raise ValueError("timestamp_end must be later than timestamp_start")
        return self


class UploadAnalysis(Options):
    """An analysis of an uploaded video: a multipart form."""

    video: Annotated[bytes, Field(json_schema_extra={"format": "binary"})]


class BatchRequest(Body):
    """Several analyses at once. Each is validated on its own, so one that is wrong fails alone."""

    analyses: list[Any] = Field(
        min_length=1,
        max_length=100,
        json_schema_extra={"items": {"type": "object", "description": "as for one analysis by URL"}},
    )
    webhook_url: WebUrl | None = None


class Submitted(Shape):
    id: str
    status: Status
    created_at: str
    platform: Platform


class StyleAnalysis(Shape):
    dominant_colors: list[str]
    lighting: str
    mood: str
    camera: str


class Prompt(Shape):
    text: str
    negative: str | None
    parameters: str
    full: str
    style_analysis: StyleAnalysis


class Analysis(Submitted):
    """An analysis; `prompt` and `completed_at` come with its completion, `error` with its failure."""

    platform: Platform | None = None  # type: ignore[assignment]
    completed_at: str | None = None
    prompt: Prompt | None = None
    error: str | None = None


class BatchItem(Shape):
    id: str
    status: Status
    error: str | None = None


class BatchSubmitted(Shape):
    id: str
    status: Status
    created_at: str
    analyses: list[BatchItem]


class Batch(Shape):
    id: str
    status: Status
    created_at: str
    completed_at: str | None = None
    analyses: list[Analysis]


class Problem(Shape):
    type: ErrorType
    message: str


class Error(Shape):
    error: Problem


class TokenRequest(Body):
    """A request for tokens (RFC 6749 sections 4.1.3 and 6), as form fields."""

    grant_type: str = ""
    code: str = ""
    redirect_uri: str = ""
    client_id: str = ""
    client_secret: str = ""
    code_verifier: str = ""
    refresh_token: str = ""
    scope: str = ""


class Consent(Body):
    """A person's answer on the consent page, as form fields."""

    decision: str = ""


class Tokens(Shape):
    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str
    scope: str


class OAuthError(Shape):
    """An error of the token endpoint (RFC 6749 section 5.2)."""

    error: Literal[
        "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"
    ]
    error_description: str


class ScenarioOptions(BaseModel, extra="forbid"):
    """What a scenario can say of VideoToPrompt alone."""

    auto_approve: bool = Field(default=True, description="false: a person must press a button on the consent page")
    oauth_account: str = Field(default="oauth-user", description="the account that OAuth tokens act for")
    clients: dict[str, str] = Field(
        default_factory=dict, description="OAuth client ids and their secrets; none given: every client is known"
    )
