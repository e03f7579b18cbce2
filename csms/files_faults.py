"""What goes wrong with files on request: slow, cut, truncated, missing, refused, with a wrong checksum or signature.

`NAME:key=value,...`: which files (`path=`, with * for anything; uploads are `uploads/STATION/NAME`), how often
(`times=`), for how long from the first time on (`lasts=`), and each fault's own settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from shared.suggest import not_one_of

FAULTS: dict[str, tuple[str, dict[str, float]]] = {
    "slow": ("so many bytes in a second", {"rate": 1000}),
    "cut": ("the connection breaks after so many bytes", {"after": 1000}),
    "truncated": ("the file ends after so many bytes, as if that were all", {"after": 1000}),
    "garbled": ("one bit in the middle of the file is another", {}),
    "missing": ("there is no such file (404)", {}),
    "denied": ("nobody may (403)", {}),
    "redirect": ("the server sends elsewhere (307)", {}),
    "full": ("the disk is full (507)", {}),
    "error": ("the server answers with this HTTP status", {"status": 500}),
    "wrong_checksum": ("commands give a checksum that is not the file's", {}),
    "wrong_signature": ("commands give a signature that is not the file's", {}),
    "wrong_certificate": ("commands give the signing certificate of somebody else", {}),
}
"""Name -> what it does, and its own settings with what they are unless given."""

STATUSES = {"missing": 404, "denied": 403, "full": 507, "redirect": 307}
"""The HTTP status of the faults that are nothing else."""


@dataclass
class FileFault:
    """One fault in force. Owns how often it happened, and when for the first time (Unix seconds)."""

    name: str
    path: str = "*"
    times: int | None = None
    lasts: float | None = None
    rate: float = 0.0
    after: int = 0
    status: int = 0
    count: int = 0
    since: float | None = None

    def __str__(self) -> str:
        return f"{self.name} on {self.path}"

    def strikes(self, path: str, now: float) -> bool:
        """Whether it is so for this file, this time; it is counted."""
        if not fnmatchcase(path, self.path) or (self.times is not None and self.count >= self.times):
            return False
        self.since = now if self.since is None else self.since
        if self.lasts is not None and now - self.since > self.lasts:
            return False
        self.count += 1
        return True

    def fresh(self) -> FileFault:
        """The same, not struck yet: options are shared by runs."""
        return FileFault(self.name, self.path, self.times, self.lasts, self.rate, self.after, self.status)


def file_faults(texts: Sequence[str]) -> tuple[FileFault, ...]:
    """The faults that texts describe, several in one with blanks between. Raises ValueError with one clause."""
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"{text!r} is not a text, as in missing:path=fw-*")
    return tuple(file_fault(part) for text in texts for part in text.split())


def file_fault(text: str) -> FileFault:
    """The fault that one text describes. Raises ValueError with one clause."""
    name, _, rest = text.strip().partition(":")
    if name not in FAULTS:
        raise ValueError(not_one_of(name, "a fault of files", FAULTS))
    own = FAULTS[name][1]
    made = FileFault(name, status=STATUSES.get(name, 0))
    for key, value in own.items():
        setattr(made, key, value if key == "rate" else int(value))
    for part in filter(None, (part.strip() for part in rest.split(","))):
        key, equals, given = part.partition("=")
        allowed = ("path", "times", "lasts", *own)
        if not equals or key not in allowed:
            raise ValueError(f"{name}: {not_one_of(key, 'a setting of it', allowed)}")
        setattr(made, key, given if key == "path" else _number(name, key, given))
    return made


def _number(name: str, key: str, text: str) -> float | int:
    whole = key not in ("rate", "lasts")
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        raise ValueError(f"{name}: {key}: {text!r} is not a {'whole ' if whole else ''}number") from None
    low, high = (300, 599) if key == "status" else (0 if key == "after" else 1e-9, float("inf"))
    if not low <= number <= high:
        raise ValueError(f"{name}: {key}: {text} is out of range")
    return number
