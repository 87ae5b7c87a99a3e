"""Runs a sweep and records it: progress for a person, and the plan and each result for the state file."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.clock import monotonic
from mockserver.core.verdict.messages import many
from mockserver.sweep.engine import Options, Suite, Sweep, SweepError, run
from mockserver.sweep.judging import Result
from mockserver.sweep.state import StateFile

# Passes the request of the command to the process of the tests.
VARIABLE = "MOCKSERVER_SWEEP"


class Request(NamedTuple):
    """What the command asks for: the state file, and the options of the sweep. `budget` is in seconds."""

    state: str
    only: Sequence[str] = ()
    every: bool = False
    budget: float | None = None
    resume: bool = False
    timeout: float | None = None

    @classmethod
    def read(cls, text: str) -> "Request":
        """Return the request in the value of the variable."""
        return cls(**json.loads(text))

    def written(self) -> str:
        """Return the value of the variable."""
        return json.dumps(self._asdict())


def record(suite: Suite, request: Request, file: StateFile, say: Callable[[str], None]) -> bool:
    """Run a sweep, write it to the file, and report progress with `say`. Return False if it cannot be run."""
    done: Mapping[str, Result] = file.load().results if request.resume else {}
    options = Options(request.only, request.every, request.budget, done)
    progress = _Progress(file, say, monotonic)
    try:
        for sweep in run(suite, options, monotonic, progress.report):
            progress.sweep = sweep
    except SweepError as error:
        file.append("error", {"message": str(error)})  # the command prints it
        return False
    if progress.sweep is not None and progress.sweep.stopped:
        say(f"sweep: {progress.sweep.stopped}; --resume goes on")
    return True


class _Progress:
    """Writes each result down, and says how many cells are left and how long they will take."""

    def __init__(self, file: StateFile, say: Callable[[str], None], timer: Callable[[], float]) -> None:
        self._file = file
        self._say = say
        self._timer = timer
        self._began = timer()
        self._ran = 0
        self.sweep: Sweep | None = None

    def report(self, sweep: Sweep, result: Result | None) -> None:
        if result is None:
            self._file.append("plan", _plan(sweep))
            self._say(_opening(sweep))
            self._began = self._timer()
            return
        self._file.append("result", result.data())
        self._ran += 1
        done, planned = len(sweep.results), len(sweep.planned)
        left = (self._timer() - self._began) / self._ran * (planned - done)
        reason = f"  {result.reasons[0]}" if result.status != "survived" and result.reasons else ""
        self._say(f"[{done}/{planned}, about {left:.0f} s left] {result.status:<10}  {result.cell}{reason}"[:300])


def _opening(sweep: Sweep) -> str:
    calls = {call.name for made in sweep.calls.values() for call in made}
    equivalent = len(sweep.cells) - len(sweep.planned)
    tests, cells = many(len(sweep.calls), "test"), many(len(sweep.planned), "cell")
    text = f"sweep: {cells} to run, from {tests} with {many(len(calls), 'different call')}"
    if equivalent:
        text = f"{text}; {many(equivalent, 'equivalent cell')} left out (--all runs them too)"
    left_out = f"; left out, because they fail without faults: {', '.join(sweep.left_out)}" if sweep.left_out else ""
    return f"{text}{left_out}"


def _plan(sweep: Sweep) -> dict[str, Any]:
    return {
        "seconds": round(sweep.seconds, 3),
        "tests": {test: [call.name for call in calls] for test, calls in sweep.calls.items()},
        "left_out": list(sweep.left_out),
        "cells": [
            {
                "id": cell.id,
                "call": cell.call.name,
                "fault": cell.possible.name,
                "like": cell.like,
                "role": cell.call.role,
            }
            for cell in sweep.cells
        ],
    }
