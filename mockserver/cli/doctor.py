"""`doctor`: the command that finds out what is wrong with a set-up."""

import argparse
import os
from typing import Any

from mockserver.cli.options import add_token, add_url

EXIT_PROBLEM = 1

_DESCRIPTION = """\
Check the set-up: Python, the package, the port and what uses it, proxy variables, certificates, settings, scenarios,
and the running server with its version. Each line is ok, a warning or a problem, with what to do about it.

The exit code is 0 if there is no problem, and 1 if there is one.
"""
_EXAMPLES = """\
examples:
  mockserver doctor
  mockserver doctor --url http://mockserver:8080 --token secret   also check that server
  mockserver doctor --json                                        for programs
"""


def add(commands: Any) -> None:
    """Add the command."""
    doctor = commands.add_parser(
        "doctor",
        help="find out what is wrong with the set-up",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    doctor.add_argument("--json", action="store_true", help="print JSON: status, subject, text, advice")
    add_token(doctor)
    add_url(doctor)
    doctor.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    from mockserver.cli.diagnosis import results

    found = list(results(options.url, options.token, os.environ))
    if options.json:
        import json

        print(json.dumps([each._asdict() for each in found], indent=2, ensure_ascii=False))
    else:
        for each in found:
            print(f"{each.status:<8} {each.subject:<13} {each.text}")
            if each.advice:
                print(f"{'':<22} -> {each.advice}")
        counts = {status: sum(each.status == status for each in found) for status in ("problem", "warning")}
        print("\n" + ", ".join(f"{count} {status}{'' if count == 1 else 's'}" for status, count in counts.items()))
    return EXIT_PROBLEM if any(each.status == "problem" for each in found) else 0
