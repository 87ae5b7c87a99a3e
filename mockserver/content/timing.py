"""Times in a video: splits a duration, and formats a position as a player does."""

from itertools import pairwise


def split(millis: int, weights: list[int]) -> list[int]:
    """Split `millis` milliseconds by weight, in tenths of a second if it is long enough. The parts add up to it."""
    unit = 100 if millis >= 1000 * len(weights) else 10 if millis >= 100 * len(weights) else 1
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
