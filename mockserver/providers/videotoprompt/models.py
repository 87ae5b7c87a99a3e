"""The models of VideoToPrompt's requests and replies."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from mockserver.core.scenario import SECRET
from mockserver.kit.additive import SPARE, OpenText
from mockserver.kit.languages import IsoLanguage
from mockserver.kit.models import Body, Instant, ProviderOptions, Shape, WebUrl

Platform = Literal["midjourney", "stable-diffusion", "dalle3", "sora", "runway", "generic"]
Depth = Literal["basic", "standard", "detailed", "comprehensive"]
Status = Literal["pending", "processing", "completed", "failed"]
# The values of boolean form fields. Python clients send True and False.
TRUE = ("true", "True", "TRUE", "1", "yes", "on")
FALSE = ("false", "False", "FALSE", "0", "no", "off")
ErrorType = Literal[
    "bad_request",
    "unauthorized",
    "forbidden",
    "not_found",
    "rate_limit_exceeded",
    "server_error",
    "service_unavailable",
]


# The characters of a URI without its fragment (RFC 3986 appendix A). Brackets are for addresses only.
_URI = r"[!$-;=?-Z_a-z~]"
_HOST = r"(?:[!$-.0-9;=A-Z_a-z~]*@)?(?:[!$-.0-9;=A-Z_a-z~]+|\[::1\])(?::[0-9]*)?"
# Absolute and without a fragment (RFC 6749 section 3.1.2). Schemes are in lower case and not executable in a browser.
REDIRECT_URI = (
    rf"^(?:https?://{_HOST}(?:[/?]{_URI}*)?|(?!https?:|javascript:|data:|vbscript:)[a-z][a-z0-9+.-]*:{_URI}*)$"
)


def _redirect_uri(text: str) -> str:
    if not re.match(REDIRECT_URI, text):
        raise ValueError("must be an absolute URI without a fragment")
    return text


# Not `Field(pattern=...)`: pydantic's own engine has no look-ahead, and older versions of FastAPI do not pass on which
# engine a model uses.
RedirectUri = Annotated[str, AfterValidator(_redirect_uri), Field(json_schema_extra={"pattern": REDIRECT_URI})]
AnalysisId = Annotated[str, Field(pattern="^ana_[A-Za-z0-9]+$", examples=["ana_abc123"])]
BatchId = Annotated[str, Field(pattern="^bat_[A-Za-z0-9]+$", examples=["bat_abc123"])]
Language = Annotated[IsoLanguage, Field(description="ISO 639-1 code of the output's language")]


class Options(Body):
    """Options of all analyses."""

    platform: Platform = Field(default="generic", description="the image or video generator that the prompt is for")
    style_depth: Depth = Field(default="standard", description="the level of detail of the prompt")
    include_negative: bool = Field(
        default=False, description="whether to add a negative prompt; for midjourney and stable-diffusion only"
    )
    language: Language = "en"


class UrlAnalysis(Options):
    """An analysis of a video at a public URL."""

    url: WebUrl
    timestamp_start: float = Field(default=0, ge=0, description="seconds")
    timestamp_end: float | None = Field(
        default=None, gt=0, description="seconds, later than timestamp_start; default: the end of the video"
    )

    @model_validator(mode="after")
    def _forward(self) -> "UrlAnalysis":
        if self.timestamp_end is not None and self.timestamp_end <= self.timestamp_start:
            raise ValueError("timestamp_end must be later than timestamp_start")
        return self


def _form_boolean(schema: dict[str, Any]) -> None:
    # The values, and no `type`: older versions of FastAPI accept only one type.
    del schema["type"]
    schema["enum"] = [True, False, *TRUE, *FALSE]


class UploadAnalysis(Options):
    """An analysis of an uploaded video: a multipart form."""

    video: Annotated[bytes, Field(json_schema_extra={"format": "binary", "minLength": 1})] = Field(
        description="a complete file: MP4, MOV, WebM, AVI, FLV, MPEG, WMV or 3GPP"
    )
    include_negative: bool = Field(
        default=False,
        description="whether to add a negative prompt; for midjourney and stable-diffusion only",
        json_schema_extra=_form_boolean,
    )


_ITEM: Any = {"$ref": "#/components/schemas/UrlAnalysis"}


class BatchRequest(Body):
    """Several analyses. Each is validated separately, so an invalid one does not affect the others."""

    analyses: list[Any] = Field(
        min_length=1,
        max_length=100,
        json_schema_extra={"items": {"anyOf": [_ITEM, {"description": "anything else is an invalid analysis"}]}},
    )
    webhook_url: WebUrl | None = Field(default=None, description="where `batch.completed` is sent when all have ended")


class Submitted(Shape):
    """An accepted analysis."""

    id: AnalysisId
    status: Status
    created_at: Instant
    platform: Platform


class StyleAnalysis(Shape):
    """The style of the video."""

    dominant_colors: list[str]
    lighting: OpenText
    mood: OpenText
    camera: OpenText


class Prompt(Shape):
    """A prompt for the requested platform. `full` is `text` followed by `parameters`."""

    text: str
    negative: str | None
    parameters: str
    full: str
    style_analysis: StyleAnalysis


class Analysis(Submitted):
    """An analysis. It has `prompt` and `completed_at` once it is completed, and `error` if it failed."""

    platform: Platform | None = None  # type: ignore[assignment]
    completed_at: Annotated[Instant | None, SPARE] = None
    prompt: Prompt | None = None
    error: str | None = None


class BatchItem(Shape):
    """An analysis of an accepted batch. It has `error` if it was refused."""

    id: AnalysisId
    status: Status
    error: str | None = None


class BatchSubmitted(Shape):
    """An accepted batch."""

    id: BatchId
    status: Status
    created_at: Instant
    analyses: list[BatchItem]


class Batch(Shape):
    """A batch with its analyses. It has `completed_at` once all of them have ended, failed ones included."""

    id: BatchId
    status: Status
    created_at: Instant
    completed_at: Annotated[Instant | None, SPARE] = None
    analyses: list[Analysis]


class Problem(Shape):
    """The type of the error, for programs, and a message for people."""

    type: ErrorType
    message: str


class Error(Shape):
    """Every error of the API."""

    error: Problem


class Completed(Shape):
    """The result of an analysis."""

    id: AnalysisId
    prompt: Prompt


class Failed(Shape):
    """The error of a failed analysis."""

    id: AnalysisId
    error: str


class AnalysisCompleted(Shape):
    """The body of the event `analysis.completed`."""

    event: Literal["analysis.completed"]
    timestamp: Instant
    data: Completed


class AnalysisFailed(Shape):
    """The body of the event `analysis.failed`."""

    event: Literal["analysis.failed"]
    timestamp: Instant
    data: Failed


class BatchCompleted(Shape):
    """The body of the event `batch.completed`."""

    event: Literal["batch.completed"]
    timestamp: Instant
    data: Batch


class AuthorizeQuery(BaseModel, defer_build=True):
    """A request for a code (RFC 6749 section 4.1.1). If one of the last five is invalid, the client gets the error."""

    client_id: str = Field(min_length=1, description="any, unless the scenario lists clients")
    redirect_uri: RedirectUri = Field(description="where the user is redirected to")
    response_type: str = Field(default="code", description="required; must be `code`")
    scope: str = Field(default="", description="some of analyze:read, analyze:write, account:read; default: all")
    state: str = Field(default="", description="returned unchanged")
    code_challenge: str = Field(default="", description="for PKCE (RFC 7636)")
    code_challenge_method: str = Field(default="plain", description="S256 or plain")

    # Other parameters are ignored (RFC 6749 section 3.1).
    model_config = ConfigDict(extra="allow")


def _only_grant_type(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        del field["default"]
    schema["required"] = ["grant_type"]


class TokenRequest(Body):
    """A request for tokens (RFC 6749 sections 4.1.3 and 6), as form fields."""

    grant_type: str = Field(default="", json_schema_extra={"enum": ["authorization_code", "refresh_token"]})
    code: str = ""
    redirect_uri: str = Field(default="", description="the same as in the authorization request")
    client_id: str = Field(default="", description="here, or as the user name in HTTP Basic")
    client_secret: str = Field(
        default="", description="here, or as the password in HTTP Basic", json_schema_extra=SECRET
    )
    code_verifier: str = Field(
        default="", description="for a code that was requested with a challenge (RFC 7636)", json_schema_extra=SECRET
    )
    refresh_token: str = Field(default="", json_schema_extra=SECRET)
    scope: str = Field(default="", description="for a refresh: some of the granted scopes")

    # Other parameters are ignored (RFC 6749 section 3.2).
    model_config = ConfigDict(json_schema_extra=_only_grant_type, extra="allow")


class Consent(Body):
    """The user's answer on the consent page, as form fields."""

    decision: str = Field(default="", description="`approve` grants access, anything else denies it")


class Tokens(Shape):
    """Tokens (RFC 6749 section 5.1); `expires_in` is in seconds."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str
    scope: str


class OAuthError(Shape):
    """An error of the token endpoint (RFC 6749 section 5.2)."""

    error: Literal[
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    ]
    error_description: str


class ScenarioOptions(ProviderOptions):
    """Options of a scenario for VideoToPrompt only."""

    auto_approve: bool = Field(
        default=True, description="false: the consent page waits until a person presses its button"
    )
    oauth_account: str = Field(default="oauth-user", description="the account of OAuth tokens")
    clients: dict[str, str] = Field(
        default_factory=dict, description="OAuth client ids and their secrets; default: any client is accepted"
    )
