"""The secret that signs what an account is sent."""

from mockserver.core.accounts import Account
from mockserver.sandbox.state import SandboxState


def secret_of(sandbox: SandboxState, account_id: str, account: Account | None) -> str:
    """The secret of an account: the scenario's, else one that is seeded by the account."""
    if account is not None and account.webhook is not None:
        return account.webhook.secret
    return f"whsec_{sandbox.seeded.hexadecimal(32, 'webhook-secret', account_id)}"
