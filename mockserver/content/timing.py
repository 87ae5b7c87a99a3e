"""The time of a video: cut into parts, and written as a player shows it."""

from itertools import pairwise


def split(millis: int, weights: list[int]) -> list[int]:
    """`millis` milliseconds in parts by weight that add up to it, in tenths of a second where that is fine enough."""
    unit = 100 if millis >= 1000 * len(weights) else 10 if millis >= 100 * len(weights) else 1
    whole, so_far, cuts = sum(weights), 0, [0]
    for weight in weights[:-1]:
        so_far += weight
        cuts.append(millis * so_far // (whole * unit) * unit)
    cuts.append(millis)
    return [end - start for start, end in pairwise(cuts)]


def clock(seconds: float) -> str:
    """A position as `MM:SS`, from an hour on `H:MM:SS`; never later than the position itself."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
