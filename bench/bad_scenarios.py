"""Measure how long it takes to refuse wrong and hostile scenarios.

python -m bench.bad_scenarios
"""

import argparse
import time
from itertools import pairwise

from mockserver.kit.catalogue import catalogue
from mockserver.providers.registry import all_providers
from mockserver.scenario.library import Library, SourceErrors

LETTERS = "abcdefghijklmnopqrstuvwxyz"
BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in pairwise(LETTERS))
CASES = {
    "a typo in a key": "scenario: x\nrules:\n  - {name: r, operaton: '*'}\n",
    "a typo in an operation": "scenario: x\nrules:\n  - {name: r, operation: videotoprompt.analyse_url}\n",
    "a duplicate key": "scenario: x\nscenario: y\n",
    "an alias bomb": BOMB,
    "100,000 nested brackets": "scenario: " + "[" * 100_000,
    "100,000 nested mappings": "{a: " * 100_000,
    "a scalar of 10 MB": "scenario: " + "x" * 10_000_000,
    "a tag that runs code": "scenario: !!python/object/apply:os.system [true]\n",
}


def main() -> None:
    """Print the time and the error message of each case."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    providers = all_providers()
    library = Library(catalogue(providers), providers)
    library.program("default")
    for name, text in CASES.items():
        began = time.perf_counter()
        try:
            library.program_of_text(text, "x.yaml")
        except SourceErrors as errors:
            took = (time.perf_counter() - began) * 1000
            print(f"{name:<24} {took:6.1f} ms  {str(errors)[:110]}")
        else:
            raise SystemExit(f"{name} was accepted")


if __name__ == "__main__":
    main()
