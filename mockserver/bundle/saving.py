"""Saves a sandbox as a bundle."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mockserver import __version__
from mockserver.bundle.contents import FORMAT, Bundle, Manifest, Options, SavedClock
from mockserver.bundle.masked import masked_delivery, masked_entry, masked_job, masked_scenario
from mockserver.core.accounts import KnownAccount
from mockserver.core.compile import Program
from mockserver.core.faults import Refusal
from mockserver.core.journal import JournalEntry
from mockserver.core.masking import Masking, masked, masked_account
from mockserver.core.match import key_matches
from mockserver.kit.provider import Provider
from mockserver.sandbox.sandbox import Sandbox
from mockserver.verdict.collect import Records, records_of

# The accounts whose keys are known again when the bundle is loaded.
MOST_ACCOUNTS = 10_000
_UNAUTHORIZED = 401


class Snapshot(NamedTuple):
    """Everything that a bundle is made of, taken at one moment. Its credentials are not masked yet.

    `known` are the accounts of the bundle that the sandbox was made from, if it was.
    """

    manifest: Manifest
    programs: Mapping[int, Program]
    records: Records
    marks: Mapping[str, str]
    known: Mapping[str, KnownAccount]


async def snapshot(sandbox: Sandbox, options: Options) -> Snapshot:
    """Return what a sandbox has recorded until now. The journal is brought up to date for that."""
    records = await records_of(sandbox)
    clock = sandbox.clock
    manifest = Manifest(
        mockserver_bundle=FORMAT,
        written_by=__version__,
        sandbox=sandbox.name if sandbox.origin is None else sandbox.origin.sandbox,
        scenario=sandbox.program.name,
        seed=sandbox.own_seed,
        generation=_first_generation(records.entries, sandbox.generation),
        clock=SavedClock(mode=clock.mode, speed=clock.speed, began_at=sandbox.opened_at, now=records.now),
        options=options,
        own_receivers=tuple(sorted(records.own_receivers)),
    )
    named = {entry.account for entry in records.entries} | {job.account for job in records.jobs}
    accounts = sorted(each for each in named if each is not None)[:MOST_ACCOUNTS]
    marks = {each: sandbox.marks[each] for each in accounts}
    known = {} if sandbox.origin is None else sandbox.origin.accounts
    return Snapshot(manifest, dict(sandbox.programs), records, marks, known)


def bundle_of(taken: Snapshot, providers: Mapping[str, Provider], masking: Masking) -> Bundle:
    """Return the bundle of a snapshot. This takes long for a long journal, so call it in a thread."""
    records = taken.records
    return Bundle(
        taken.manifest,
        {number: masked_scenario(program, masking) for number, program in taken.programs.items()},
        {**_refused(taken, providers), **_accounts(taken), **taken.known},
        [masked_entry(each, masking) for each in records.entries],
        [masked_job(each, masking) for each in records.jobs],
        {masked_account(name): each for name, each in records.credits.items()},
        [masked_delivery(each, masking) for each in records.deliveries],
    )


def _first_generation(entries: Sequence[JournalEntry], now: int) -> int:
    """Return the generation of the sandbox when its journal began."""
    resets: Iterator[Any] = (each.action["generation"] for each in entries if _is_reset(each) and each.action)
    return int(next(resets, now))


def _is_reset(entry: JournalEntry) -> bool:
    return entry.action is not None and entry.action.get("do") == "reset"


def _accounts(taken: Snapshot) -> dict[str, KnownAccount]:
    programs = tuple(taken.programs.values())
    return {
        masked_account(account): KnownAccount(_patterns(account.partition(":")[2], programs), mark)
        for account, mark in taken.marks.items()
    }


def _patterns(key: str, programs: Iterable[Program]) -> frozenset[str]:
    """Return the patterns of accounts in these scenarios that a key matches, as they are in the masked scenarios."""
    patterns = {spec.key for program in programs for spec in program.accounts if key_matches(spec.key, key)}
    if any(not program.accounts for program in programs):
        patterns.add("*")
    return frozenset(each if "*" in each else masked(each) for each in patterns)


def _refused(taken: Snapshot, providers: Mapping[str, Provider]) -> dict[str, KnownAccount]:
    """Return the credentials that were refused: a bundle has to know them, because they are masked, too."""
    refused: dict[str, KnownAccount] = {}
    programs = tuple(taken.programs.values())
    for entry in taken.records.entries:
        provider = providers.get(entry.provider or "")
        if entry.status != _UNAUTHORIZED or entry.account is not None or provider is None:
            continue
        try:
            key = provider.key({name.lower(): value for name, value in entry.headers})
        except Refusal:
            continue
        spec = programs[-1].account(key)
        # A key that the scenario accepts was an access token that had expired.
        patterns = _patterns(key, programs) if spec is None or spec.refused else frozenset[str]()
        if len(refused) < MOST_ACCOUNTS:
            refused[masked_account(f"{entry.provider}:{key}")] = KnownAccount(patterns, "")
    return refused
