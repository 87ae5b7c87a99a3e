"""A pytest run inside a test: with the plugin, and with nothing of this project's own configuration."""

from importlib.metadata import entry_points

import pytest
import trustme  # noqa: F401 - an inner run forgets what it imports, and compiled code cannot be imported twice

# As in conftest: the plugin is named only where pytest does not find it by itself.
PLUGIN = () if entry_points(group="pytest11", name="mockserver") else ("-p", "mockserver.pytest_plugin")


def run_inner(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run what the pytester directory holds, in this process and in its order."""
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:randomly", *PLUGIN, *arguments)
