"""The names of the rules, without the rules: scenarios are read without loading them."""

from typing import Literal, get_args

RuleName = Literal[
    "duplicate_paid_job",
    "resubmitted_instead_of_polled",
    "resubmitted_after_download_failure",
    "retry_after_ignored",
    "retried_terminal",
    "poll_too_fast",
    "poll_storm",
    "polled_after_terminal",
    "unbounded_poll",
    "gave_up_early",
    "abandoned_paid_job",
    "truncation_unhandled",
    "asset_never_fetched",
    "asset_fetched_after_expiry",
    "completed_without_asset_polled",
    "webhook_only",
    "webhook_slow_ack",
    "webhook_refused_valid",
    "webhook_accepts_forgery",
    "webhook_not_idempotent",
    "rate_headers_ignored",
    "contract_deviation",
    "secret_in_url",
    "wasted_credits",
]
RULE_NAMES: frozenset[str] = frozenset(get_args(RuleName))
