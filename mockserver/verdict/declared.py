"""What providers declare for the verdict, as facts."""

from mockserver.core.verdict.declarations import Role
from mockserver.core.verdict.facts import OperationFacts, ProviderFacts
from mockserver.kit.operations import Operation
from mockserver.kit.provider import Provider
from mockserver.kit.roles import roles


def provider_facts(provider: Provider) -> ProviderFacts:
    """Return what a provider declares about its operations, polls, results and webhooks."""
    known, signature = roles(provider), provider.signature
    return ProviderFacts(
        provider.name,
        provider.title,
        {each.name: _operation(provider, each, known[each.name]) for each in provider.operations},
        provider.all_states,
        provider.poll_every,
        provider.patience,
        provider.longest_poll,
        provider.asset_lifetime,
        round(provider.webhook_timeout * 1_000),
        provider.retries_row,
        f"header.{signature.header}" if signature is not None else None,
        signature is not None and signature.timestamp_header is not None,
        any(each.figure == "remaining" for each in provider.limit_headers.values()),
        provider.idempotency_header,
    )


def _operation(provider: Provider, operation: Operation, role: Role) -> OperationFacts:
    counts = provider.counts if operation.counts is None else operation.counts
    return OperationFacts(
        role,
        operation.paid,
        operation.cost_row,
        () if operation.public else tuple(counts),
        operation.asset,
        operation.poll_every,
        operation.immediate,
    )
