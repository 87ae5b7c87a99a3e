"""Times in a video: splits a duration, and formats a position as a player does."""

from itertools import pairwise


def rounded(millis: int) -> int:
    """Return a length as a person states it: in seconds from 20 s on, in tenths from 1 s on, else as it is."""
    unit = 1000 if millis >= 20_000 else 100 if millis >= 1000 else 1
    return (millis + unit // 2) // unit * unit


def split(millis: int, weights: list[int]) -> list[int]:
    """Split `millis` milliseconds by weight. The parts add up to it.

    They are in whole seconds if they are long, in half seconds if it is long enough, else in smaller units. The last
    part has the rest.
    """
    mean = millis // len(weights)
    unit = next((unit for unit, least in ((1000, 5000), (500, 1500), (100, 500), (10, 50)) if mean >= least), 1)
    whole, so_far, cuts = sum(weights), 0, [0]
    for weight in weights[:-1]:
        so_far += weight
        cuts.append(millis * so_far // (whole * unit) * unit)
    cuts.append(millis)
    return [end - start for start, end in pairwise(cuts)]


def clock(seconds: float) -> str:
    """Return a position as `MM:SS`, or `H:MM:SS` from one hour on, rounded down."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
