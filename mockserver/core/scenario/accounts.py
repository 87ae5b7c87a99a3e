"""The accounts of a scenario: API keys with their plan, credits, limits and webhook."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from mockserver.core.scenario.values import MAX_ITEMS, Model, Texts, WebAddress, no_items, no_keys

# What signs events where an account's webhook does not name a secret.
DEFAULT_SECRET = "whsec_mockserver"
# Marks a field as a credential, in the documents and for masking (OpenAPI 3.1, format registry).
SECRET: dict[str, Any] = {"format": "password"}


class WebhookSpec(Model):
    """The webhook receiver of an account."""

    shorthand: ClassVar[str] = "url"

    url: WebAddress = Field(max_length=2000, description="the URL that events are sent to")
    events: Texts = Field(default_factory=no_items, description="the events to send; default: all of the provider")
    secret: str = Field(
        default=DEFAULT_SECRET,
        min_length=1,
        max_length=200,
        description="the secret that signs the events",
        json_schema_extra=SECRET,
    )


class AccountSpec(Model):
    """Settings for the API keys that match `key`. The first entry that matches a key applies."""

    shorthand: ClassVar[str] = "key"

    key: str = Field(description="an API key; `*` matches any characters", min_length=1, max_length=200)
    plan: str | None = Field(default=None, description="the plan whose limits apply")
    credits: float | None = Field(default=None, ge=0, le=1e12, description="the balance; default: the provider's")
    limits: dict[str, Annotated[int, Field(ge=0)] | None] = Field(
        default_factory=no_keys,
        max_length=MAX_ITEMS,
        description="limits by name, such as `requests_per_minute: 5`; null: unlimited",
    )
    webhook: WebhookSpec | None = Field(default=None, description="where the account's events are sent")
    billing: Literal["prepaid", "postpaid"] | None = Field(
        default=None, description="`prepaid` reserves credits, `postpaid` only counts them; default: prepaid"
    )
    scopes: Texts | None = Field(default=None, description="OAuth scopes; default: all")
    refused: bool = Field(default=False, description="true: requests with these keys get the provider's 401")
