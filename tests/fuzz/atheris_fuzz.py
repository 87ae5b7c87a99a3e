"""Fuzz a target with Atheris, which is guided by coverage: `pip install atheris`.

python -m tests.fuzz.atheris_fuzz TARGET [options of libFuzzer, such as -max_total_time=600]

New inputs are written into a temporary folder, not into the corpus.
"""

import sys
import tempfile
from importlib import import_module
from typing import Any


def main(target: str, *options: str) -> None:
    atheris: Any = import_module("atheris")
    # Only code that is imported here is instrumented.
    with atheris.instrument_imports(include=["mockserver"]):
        targets = import_module("tests.fuzz.targets")
    found = tempfile.mkdtemp(prefix=f"fuzz-{target}-")
    atheris.Setup([sys.argv[0], *options, found, str(targets.CORPUS / target)], targets.TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
