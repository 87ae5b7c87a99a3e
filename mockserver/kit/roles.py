"""What operations are for: submits, polls, lists and files. The verdict on clients depends on it."""

from collections.abc import Mapping

from mockserver.core.verdict.declarations import Role
from mockserver.kit.operations import Operation
from mockserver.kit.provider import Provider


def roles(provider: Provider) -> Mapping[str, Role]:
    """Return the role of each operation of a provider, by its name.

    Without a declared role, an operation that another one links to is a poll, one that has links or is paid for is a
    submit, and a hidden one without a credential that returns something is a file.
    """
    linked = {link[0] for operation in provider.operations for link in operation.links.values()}
    return {operation.name: operation.role or _role(operation, linked) for operation in provider.operations}


def _role(operation: Operation, linked: set[str]) -> Role:
    if operation.name in linked:
        return "poll"
    if operation.paid or (operation.links and operation.method == "POST"):
        return "submit"
    return "asset" if operation.hidden and operation.public and operation.method == "GET" else "other"
