"""The table of all rules. The judge applies them in this order, and the documentation is generated from it."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from mockserver.core.verdict import polling, receivers, refusals, results, submits
from mockserver.core.verdict.finding import Found, Severity
from mockserver.core.verdict.lineage import Lineage
from mockserver.core.verdict.names import RuleName


class Rule(NamedTuple):
    """One rule: when it fires, when it does not although it looks alike, and what to do instead."""

    name: RuleName
    severity: Severity
    check: Callable[[Lineage], Iterator[Found]]
    fires: str
    spares: str
    advice: str


RULES: tuple[Rule, ...] = (
    Rule(
        "duplicate_paid_job", "error", submits.duplicate_paid_job,
        "An equal paid submit follows one whose outcome the client cannot know: its reply was lost, reset or timed "
        "out, or it was a 5xx although the job exists. Both are charged",
        "The first job was refunded or was never created, the first request was refused, another account asked the "
        "same, the requests overlapped, or the client had found the first job before",
        "After a submit without a readable reply, do not send it again: find the job first, for example in the list of "
        "jobs, and report the failure if the provider offers no way to find it",
    ),
    Rule(
        "resubmitted_instead_of_polled", "warning", submits.resubmitted_instead_of_polled,
        "A job is pending or running, the same account sends the equal request again without any failure, and the "
        "first job is not looked at afterwards",
        "A batch contains equal items, the first job is polled later or its webhook arrives, the requests overlapped, "
        "a poll of the first job was refused for good, or the job took longer than the provider documents (one hour "
        "without documentation)",
        "Keep the id of the job, and poll it until it ends",
    ),
    Rule(
        "resubmitted_after_download_failure", "error", submits.resubmitted_after_download_failure,
        "The download of a result failed in a way that can be repeated, and the result was generated again",
        "The link had expired or is gone, or a later download succeeded",
        "Repeat the download. The result exists and is paid for",
    ),
    Rule(
        "retry_after_ignored", "warning", refusals.retry_after_ignored,
        "The next request of the same account and limit comes before the time in Retry-After, or before the reset that "
        "the provider reports",
        "The request has another key, the limit does not count it, or it was sent before the refusal arrived, as of "
        "several requests at once",
        "Wait as long as the refusal says, for all requests that count against the limit",
    ),
    Rule(
        "retried_terminal", "warning", refusals.retried_terminal,
        "A request that was refused with 400, 401, 402, 403, 404, 405, 413, 415 or 422 is sent again unchanged",
        "The credential is another one, the account got credits, or the sandbox was changed in between",
        "Report the error, and send the request again only after its cause has changed",
    ),
    Rule(
        "poll_too_fast", "warning", polling.poll_too_fast,
        "More than three polls of a job come sooner after the one before than the provider advises (1 s without "
        "advice)",
        "The sandbox's clock or the machine's clock moved far enough in between, or the poll before had failed",
        "Wait between polls as the provider advises. In tests, let `sleep` advance the sandbox's clock",
    ),
    Rule(
        "poll_storm", "error", polling.poll_storm,
        "An account polls more than ten times a second, and polls jobs again that had not ended; or the polls of "
        "several jobs use up a limit",
        "Many jobs are looked at once each",
        "Limit the polls of all jobs together: poll in one loop, with a pause that grows, or use webhooks",
    ),
    Rule(
        "polled_after_terminal", "warning", polling.polled_after_terminal,
        "A reply said that a job has completed or failed, and two or more polls of it follow within a minute each",
        "One more look, also if it fails and is repeated, a look at it later, or a list that contains the job",
        "Stop polling when the state is final. Treat `failed` and `cancelled` as final, too",
    ),
    Rule(
        "unbounded_poll", "warning", polling.unbounded_poll,
        "A job that does not end is polled for longer than the maximum, which is one hour of the sandbox's clock "
        "unless it is set",
        "The job ends, or one last poll comes after the maximum",
        "Give up after a maximum time, and tell the user that the job did not end",
    ),
    Rule(
        "gave_up_early", "warning", polling.gave_up_early,
        "A running job is not polled any more before the time that the provider documents, while the client sends "
        "other requests",
        "A webhook delivered the result, the jobs were listed, or no request followed at all (the test has ended)",
        "Poll at least as long as the provider's jobs can take, or receive webhooks",
    ),
    Rule(
        "abandoned_paid_job", "error", polling.abandoned_paid_job,
        "The last request about a paid job that succeeded is a poll that failed (5xx, 429, or no complete reply)",
        "The result came by a webhook or an earlier reply, the jobs were listed afterwards, or a limit is used "
        "up and the time at which the client can come back has not come yet",
        "Repeat a failed poll. A failed poll says nothing about the job, which goes on and is charged",
    ),
    Rule(
        "truncation_unhandled", "note", results.truncation_unhandled,
        "A stream or a reply ended early, and no further request for it follows. The application may have reported it",
        "The client closed the connection, the request was repeated at least once, or it is charged, so that a "
        "repetition would be paid for twice",
        "Check that a reply is complete before it is used, and report one that is not",
    ),
    Rule(
        "asset_never_fetched", "warning", results.asset_never_fetched,
        "The link to a result expired before the file was fetched",
        "The result is text, the link does not expire, or the link has not expired yet",
        "Fetch the file as soon as the job has completed, and keep a copy",
    ),
    Rule(
        "asset_fetched_after_expiry", "warning", results.asset_fetched_after_expiry,
        "The file of a result was requested only after its link had expired",
        "The file was fetched in time before",
        "Fetch the file as soon as the job has completed, or poll the job for a new link",
    ),
    Rule(
        "completed_without_asset_polled", "warning", polling.completed_without_asset_polled,
        "A reply said that a job has completed, but had no link to the result, and two or more polls of it follow",
        "The reply had the link (this is polled_after_terminal), or the result has no link",
        "Treat a completed job without a link as failed, and stop polling",
    ),
    Rule(
        "webhook_only", "warning", receivers.webhook_only,
        "The webhook of a job was lost for good, and the job was not looked at after its end",
        "The job was polled or listed, or an attempt reached the receiver",
        "Poll jobs whose webhook has not arrived in time",
    ),
    Rule(
        "webhook_slow_ack", "warning", receivers.webhook_slow_ack,
        "A valid webhook is not acknowledged within the provider's time-out",
        "The receiver is that of the sandbox and was told to hang",
        "Acknowledge the webhook at once, and do the work afterwards",
    ),
    Rule(
        "webhook_refused_valid", "error", receivers.webhook_refused_valid,
        "A webhook with a valid signature is refused: with a 4xx or 3xx, or with a 5xx until it is given up",
        "The signature was not valid, the receiver is that of the sandbox, or a later attempt after a 5xx succeeded",
        "Verify the signature over exactly the bytes that arrived, with the secret of the account",
    ),
    Rule(
        "webhook_accepts_forgery", "error", receivers.webhook_accepts_forgery,
        "A webhook whose signature is wrong, missing, old or made with another secret is acknowledged with 2xx",
        "The scenario did not change the signature, or it is only old and the provider does not sign a time",
        "Verify the signature before anything else, compare in constant time, and answer 401 if it is not valid",
    ),
    Rule(
        "webhook_not_idempotent", "error", receivers.webhook_not_idempotent,
        "A webhook that was delivered twice causes a second equal paid request, or a second download of the file",
        "The second download is a range, or the first one failed",
        "Remember the ids of the webhooks that were processed, and acknowledge repetitions without doing anything",
    ),
    Rule(
        "rate_headers_ignored", "note", refusals.rate_headers_ignored,
        "A limit ran out although the headers of the replies had announced it for the last tenth of the window",
        "The provider has no such headers, the limit is below ten, or the scenario refused the request",
        "Slow down when the remaining requests become few",
    ),
    Rule(
        "contract_deviation", "note", results.contract_deviation,
        "A request has something that the provider's contract does not allow, such as an unknown field",
        "The provider refuses the request (this is not accepted silently)",
        "Send what the provider documents. `--strict` refuses such requests",
    ),
    Rule(
        "secret_in_url", "error", results.secret_in_url,
        "A key, a secret or a token is in the URL of a request",
        "The token is a part of a link that the sandbox has returned",
        "Send credentials in a header: URLs are written into logs",
    ),
    Rule(
        "wasted_credits", "note", submits.wasted_credits,
        "Credits were charged for a job that succeeded, and the client has not received its result",
        "The result was received in a reply, as a file or by a webhook, the job was refunded, or the reply with its id "
        "was lost and the provider has no list of jobs",
        "Collect the result of every job, or do not submit it",
    ),
)  # fmt: skip
