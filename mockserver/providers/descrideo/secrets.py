"""The secret of an account's webhooks."""

from mockserver.core.accounts import Account
from mockserver.sandbox.state import SandboxState


def secret_of(sandbox: SandboxState, account_id: str, account: Account | None) -> str:
    """Return the secret of an account: the scenario's, or one that depends on the account."""
    if account is not None and account.webhook is not None:
        return account.webhook.secret
    return f"whsec_{sandbox.seeded.hexadecimal(32, 'webhook-secret', account_id)}"
