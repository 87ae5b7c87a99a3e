"""Accounts: what a scenario says of a key, kept for as many keys as a server may be shown."""

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


def test_the_first_entry_that_fits_a_key_says_what_it_may(accounts: Accounts) -> None:
    free, other = accounts["videotoprompt", "free-1"], accounts["prompttovideo", "anything"]
    assert free is not None
    assert other is not None
    assert (free.id, free.tier, free.credits) == ("videotoprompt:free-1", "free", 300)
    assert free.limits["requests_per_minute"].allowed == 7
    assert (other.tier, other.billing) == ("enterprise", "prepaid")
    assert accounts["videotoprompt", "gone-1"] is None
    assert accounts["videotoprompt", "free-1"] is free


def test_a_change_of_plan_keeps_the_figures_that_were_given(accounts: Accounts) -> None:
    free = accounts["videotoprompt", "free-1"]
    assert free is not None
    changed = accounts.changed(free, {"plan": "pro", "webhook": {"url": "http://127.0.0.1:9000/hook"}})
    assert (changed.tier, changed.limits["requests_per_minute"].allowed) == ("pro", 7)
    assert changed.webhook is not None
    assert accounts.changed(changed, {"webhook": None}).webhook is None
    assert accounts["videotoprompt", "free-1"] is free


def test_keys_that_clients_make_up_are_not_kept_without_bound(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockserver.core.accounts.KEPT", 3)
    for number in range(10):
        assert accounts["nanophoto", f"key-{number}"] is not None
        assert len(accounts) <= 3
