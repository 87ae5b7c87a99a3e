"""The tests do not depend on the environment variables and settings files of the developer."""

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from mockserver.settings import FILE, PREFIX, Settings
from tests.programs import PATIENCE

ROOT = Path(__file__).parent.parent
# A test that reads settings in its own process, and one that starts a process which reads them.
READERS = (
    "tests/test_settings.py",
    "tests/test_cli.py::test_serve_prints_the_urls_and_a_request_that_works",
)


def test_wrong_variables_and_settings_files_do_not_affect_the_tests(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("prot = 1\n")
    wrong = {PREFIX + field.name.upper(): "nonsense" for field in fields(Settings)}
    flags = ["-q", "-p", "no:xdist", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "inner")]
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), *flags]
    done = subprocess.run(
        [*command, *(str(ROOT / each) for each in READERS)],
        cwd=tmp_path, env={**os.environ, **wrong}, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
