"""What to say about a word that is not one of the words allowed: the nearest one, then all of them.

One spelling of the advice for the command line, configuration files, scenarios and the prompt:

    'Acepted' is not a registration status; did you mean 'Accepted'? (Accepted, Pending, Rejected)
"""

from __future__ import annotations

from collections.abc import Iterable

MOST_LISTED = 16
"""Longer lists of allowed words are not printed whole; the nearest few are named instead."""


def nearest(wrong: str, allowed: Iterable[str], count: int = 1) -> list[str]:
    """The up to `count` words of `allowed` that `wrong` most likely meant, best first; none when none is near.

    A word that differs only in case, `-` or `_` always wins: that is a spelling, not a guess.
    """
    words = list(allowed)
    folded: dict[str, list[str]] = {}
    for word in words:
        folded.setdefault(_fold(word), []).append(word)
    key = _fold(wrong)
    if not key:
        return []
    if key in folded:
        return folded[key][:count]
    # ~1.5 ms to import, needed only once something is already wrong
    from difflib import get_close_matches

    found = [word for near in get_close_matches(key, folded, count, 0.6) for word in folded[near]]
    if not found and len(key) > 2:
        found = [word for near, group in folded.items() if near.startswith(key) for word in group]
    return found[:count]


def did_you_mean(wrong: str, allowed: Iterable[str]) -> str:
    """`; did you mean 'X'?` for the word of `allowed` nearest to `wrong`, or nothing when none is near."""
    found = nearest(wrong, allowed)
    return f"; did you mean {found[0]!r}?" if found else ""


def advice(wrong: str, allowed: Iterable[str]) -> str:
    """The tail of an error about `wrong`: the nearest of `allowed`, then what may be written.

    A short list is given whole in brackets; of one longer than `MOST_LISTED` the three nearest are named.
    """
    words = list(allowed)
    if len(words) <= MOST_LISTED:
        listed = f" ({', '.join(words)})" if words else ""
        return did_you_mean(wrong, words) + listed
    found = nearest(wrong, words, 3)
    if not found:
        return ""
    return "; did you mean " + " or ".join(repr(word) for word in found) + "?"


def not_one_of(wrong: str, noun: str, allowed: Iterable[str]) -> str:
    """`'Acepted' is not a registration status; did you mean ...`: the whole, `noun` with its article."""
    return f"{wrong!r} is not {noun}{advice(wrong, allowed)}"


def misspelt(wrong: str, allowed: Iterable[str]) -> str:
    """The word of `allowed` that `wrong` can only be a slip of, "" when it may as well be a word of its own.

    Stricter than `nearest`: up to two letters (one in a short word) are other, missing, too many or swapped.
    """
    key = _fold(wrong)
    most = 2 if len(key) > 6 else 1 if len(key) > 2 else 0
    found = [(_slips(key, _fold(word), most), _slips(wrong, word, 9), word) for word in allowed]
    best = min(found, default=(most + 1, 0, ""))
    return best[2] if best[0] <= most else ""


def _slips(one: str, other: str, most: int) -> int:
    """How many letters are other, missing, too many or swapped with their neighbour; `most` + 1 when more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, above, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if above and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def _fold(word: str) -> str:
    return word.casefold().replace("-", "").replace("_", "")
