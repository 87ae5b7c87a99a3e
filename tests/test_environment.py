"""The tests do not depend on what is set where they are started."""

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from mockserver.settings import FILE, PREFIX, Settings
from tests.programs import PATIENCE

ROOT = Path(__file__).parent.parent
# What reads settings in the process of the tests, and what does in one that a test starts.
READERS = (
    "tests/test_settings.py",
    "tests/test_cli.py::test_serve_prints_where_everything_is_and_one_request_that_works",
)


def test_variables_and_a_settings_file_of_the_developer_change_nothing(tmp_path: Path) -> None:
    """Not even those with which no server starts."""
    (tmp_path / FILE).write_text("prot = 1\n")
    wrong = {PREFIX + field.name.upper(): "nonsense" for field in fields(Settings)}
    flags = ["-q", "-p", "no:xdist", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "inner")]
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), *flags]
    done = subprocess.run(
        [*command, *(str(ROOT / each) for each in READERS)],
        cwd=tmp_path, env={**os.environ, **wrong}, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
