"""`check`, `show`, `scenarios` and `schema`: the commands about scenario files."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.cli.messages import EXIT_BAD, bad, said

if TYPE_CHECKING:
    from mockserver.scenario.library import Library


def add(commands: Any) -> None:
    """Add the commands."""
    check = commands.add_parser(
        "check", help="check scenario files", description="Check scenario files; exit 2 when one is bad."
    )
    check.add_argument("files", nargs="+", metavar="FILE")
    check.set_defaults(run=_check)
    show = commands.add_parser("show", help="show a scenario: its rules in order and its plans as timelines")
    show.add_argument("name", help="a bundled scenario, one of ./scenarios, or a path")
    show.set_defaults(run=_show)
    listed = commands.add_parser("scenarios", help="list the scenarios that can be used by name")
    listed.set_defaults(run=_scenarios)
    schema = commands.add_parser("schema", help="print the JSON Schema of scenario files, for editors")
    schema.set_defaults(run=_schema)


def _library() -> "Library":
    from mockserver.kit.catalogue import catalogue
    from mockserver.providers.registry import all_providers
    from mockserver.scenario.library import Library
    from mockserver.settings import Settings, load

    try:
        settings = load({})
    except ValueError:
        settings = Settings()
    providers = all_providers()
    return Library(catalogue(providers), providers, settings.scenario_dirs)


def _check(asked: argparse.Namespace) -> int:
    from mockserver.source.document import SourceErrors

    library, wrong = _library(), 0
    for name in asked.files:
        try:
            program = library.program_of_file(Path(name))
        except SourceErrors as errors:
            wrong += 1
            print(errors, file=sys.stderr)
        else:
            print(f"{name}: ok, {len(program.rules)} rules, {len(program.plans)} plans")
    return EXIT_BAD if wrong else 0


def _show(asked: argparse.Namespace) -> int:
    from mockserver.scenario.outline import outline
    from mockserver.source.document import SourceErrors

    try:
        program = _library().program_typed(asked.name)
    except (SourceErrors, LookupError) as error:
        return bad(said(error))
    print("\n".join(outline(program)))
    return 0


def _scenarios(asked: argparse.Namespace) -> int:
    listed = list(_library().listed())
    wide = max((len(s.name) for s in listed), default=0)
    for scenario in listed:
        print(f"{scenario.name:<{wide}}  {scenario.description}")
    return 0


def _schema(asked: argparse.Namespace) -> int:
    from mockserver.openapi.scenario_schema import scenario_schema
    from mockserver.providers.registry import all_providers

    print(json.dumps(scenario_schema(all_providers()), indent=2, ensure_ascii=False))
    return 0
