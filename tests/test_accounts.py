"""Accounts: the account that a scenario gives to a key, and the bound on how many are kept."""

import pytest

from mockserver.core.accounts import Accounts
from mockserver.core.compile import Program
from mockserver.providers.registry import all_providers
from mockserver.testing.host import Host

STORY = {
    "accounts": [
        {"key": "gone-*", "refused": True},
        {"key": "free-*", "plan": "free", "credits": 3, "limits": {"requests_per_minute": 7}},
        {"key": "*"},
    ]
}


@pytest.fixture(scope="module")
def program() -> Program:
    host = Host()
    try:
        return host.program({"scenario": "accounts", **STORY})
    finally:
        host.close()


@pytest.fixture
def accounts(program: Program) -> Accounts:
    return Accounts(program, {p.name: p for p in all_providers()})


def test_the_first_matching_entry_defines_the_account_of_a_key(accounts: Accounts) -> None:
    free, other = accounts["videotoprompt", "free-1"], accounts["prompttovideo", "anything"]
    assert free is not None
    assert other is not None
    assert (free.id, free.tier, free.credits) == ("videotoprompt:free-1", "free", 300)
    assert free.limits["requests_per_minute"].allowed == 7
    assert (other.tier, other.billing) == ("enterprise", "prepaid")
    assert accounts["videotoprompt", "gone-1"] is None
    assert accounts["videotoprompt", "free-1"] is free


def test_a_change_of_plan_keeps_the_limits_that_the_scenario_sets(accounts: Accounts) -> None:
    free = accounts["videotoprompt", "free-1"]
    assert free is not None
    changed = accounts.with_change(free, {"plan": "pro", "webhook": {"url": "http://127.0.0.1:9000/hook"}})
    assert (changed.tier, changed.limits["requests_per_minute"].allowed) == ("pro", 7)
    assert changed.webhook is not None
    assert accounts.with_change(changed, {"webhook": None}).webhook is None
    assert accounts["videotoprompt", "free-1"] is free


def test_the_number_of_kept_accounts_is_bounded(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockserver.core.accounts.MAX_ACCOUNTS", 3)
    for number in range(10):
        assert accounts["nanophoto", f"key-{number}"] is not None
        assert len(accounts) <= 3
