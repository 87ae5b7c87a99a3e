"""A pytest run inside a test, with the plugin but without the configuration of this project."""

from importlib.metadata import entry_points

import pytest
import trustme  # noqa: F401 - an inner run unloads what it imports, and compiled code cannot be imported twice

# As in conftest: the plugin is named only if pytest does not find it by itself.
PLUGIN = () if entry_points(group="pytest11", name="mockserver") else ("-p", "mockserver.pytest_plugin")


def run_inner(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run the tests in the pytester directory in this process, in their order."""
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:randomly", *PLUGIN, *arguments)
