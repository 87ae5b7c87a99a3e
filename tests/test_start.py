"""What a server loads and builds before its first reply, and what it leaves until somebody asks for it.

Each script runs in a process of its own: in this one, other tests have loaded everything.
"""

import subprocess
import sys

_BUILT = """
from pydantic import BaseModel
from mockserver.app import create_app
from mockserver.core import scenario
create_app()
models = [m for m in vars(scenario).values() if isinstance(m, type) and issubclass(m, BaseModel)]
print([m.__name__ for m in models if m.__pydantic_complete__])
"""


def printed(script: str) -> str:
    """What a script prints."""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return run.stdout.strip()


def test_a_start_with_the_default_scenario_builds_no_validator_of_scenarios() -> None:
    assert printed(_BUILT) == "[]"
