"""Small ledgers that replace those of the providers, for tests that count rows."""

from pathlib import Path

import pytest
import yaml

VIDEOTOPROMPT = {
    "operation.analyze_url": "documented",
    "operation.get_analysis": "documented",
    "error.unauthorized": "documented",
    "error.rate_limit_exceeded": "documented",
    "error.service_unavailable": "assumed",
    "state.pending": "assumed",
    "state.completed": "documented",
    "event.analysis.completed": "documented",
    "event.analysis.failed": "documented",
    "limit.requests_per_minute": "documented",
    "rule.batch": "assumed",
}
DUMPLINGAI = {"operation.extract_video": "documented", "error.insufficient_credits": "assumed"}


def put(monkeypatch: pytest.MonkeyPatch, folder: Path, **ledgers: dict[str, str]) -> None:
    """Let the providers read these ledgers: the class of each row, by provider. The other providers have no rows."""
    for provider, classes in ledgers.items():
        rows = {
            name: {
                "what": f"What {name} is",
                "class": basis,
                "source": "A page",
                "scenario": f"{provider}-{name.rpartition('.')[2]}",
                "test": "test_coverage.py::test_it",
            }
            for name, basis in classes.items()
        }
        (folder / f"{provider}.yaml").write_text(yaml.safe_dump({"rows": rows}, sort_keys=False), "utf-8")
    monkeypatch.setattr("mockserver.kit.ledger.ledger_file", lambda provider: folder / f"{provider.name}.yaml")
    monkeypatch.setattr("mockserver.kit.ledger.default_rows", lambda provider: ())
