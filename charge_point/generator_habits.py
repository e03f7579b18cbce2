"""How busy the drivers of the generator are, and whose tokens they bring: settings, checked before anything starts."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields, replace
from typing import Any

from shared.suggest import advice, not_one_of

DISTRIBUTIONS = ("round_robin", "random", "connector_affinity")


@dataclass(frozen=True, slots=True)
class Habits:
    """How busy the drivers are: seconds, hours and a probability.

    `distribution`: which of `tokens` comes next: each in its turn, any, or always the same at one EVSE.
    `require_authorize`: the CSMS (or what the station knows) decides about each token; else whoever comes charges, as
    where the driver is trusted. `stop_on_connection_failure`: end when the connection is lost.
    `stop_absolute_duration`: the hours count from the first start, however often it was stopped meanwhile.
    `file` is where the tokens come from, if not from the settings themselves.
    """

    min_duration: float = 60.0
    max_duration: float = 120.0
    min_delay: float = 15.0
    max_delay: float = 30.0
    probability: float = 1.0
    stop_after_hours: float = 0.0
    stop_absolute_duration: bool = False
    stop_on_connection_failure: bool = False
    require_authorize: bool = True
    distribution: str = "round_robin"
    tokens: tuple[str, ...] = ("test_token",)
    file: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be."""
        for low, high in (("min_duration", "max_duration"), ("min_delay", "max_delay")):
            least, most = getattr(self, low), getattr(self, high)
            if not 0 <= least <= most:
                raise ValueError(f"{low} {least:g} and {high} {most:g}: needs 0 <= {low} <= {high}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability is from 0 to 1, not {self.probability:g}")
        if not self.stop_after_hours >= 0:
            raise ValueError("stop_after_hours must not be negative")
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError(not_one_of(self.distribution, "a distribution of tokens", DISTRIBUTIONS))
        if not self.tokens or not all(self.tokens):
            raise ValueError("tokens must not be empty")

    def as_settings(self) -> dict[str, Any]:
        """What `habits` makes these of again (JSON)."""
        told = {name: getattr(self, name) for name in SETTINGS}
        return told | {"tokens": f"@{self.file}" if self.file else list(self.tokens)}


SETTINGS: tuple[str, ...] = tuple(each.name for each in fields(Habits) if each.name != "file")


def habits(settings: dict[str, Any]) -> Habits:
    """The habits that settings describe; values may be text, tokens joined with `+`. Raises ValueError, in words."""
    made: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in SETTINGS:
            raise ValueError(f"no such setting {name!r}{advice(name, SETTINGS)}")
        usual = getattr(Habits(), name)
        if name == "distribution":
            made[name] = str(value).replace("-", "_")
        elif name == "tokens":
            made |= _tokens(value) if isinstance(value, str) else {name: tuple(map(str, value))}
        else:
            made[name] = _parsed(name, value, usual)
    return Habits(**made)


def _parsed(name: str, value: Any, usual: Any) -> Any:
    is_flag = isinstance(usual, bool)
    try:
        if is_flag:
            return value if isinstance(value, bool) else {"true": True, "false": False}[value]
        return type(usual)(value)
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{name}: {value!r} is not {'true or false' if is_flag else 'a number'}") from None


def judge(drivers: Any) -> Habits | None:
    """The habits that settings give; None for start and stop. ValueError for anything else."""
    if isinstance(drivers, dict):
        return habits(drivers)
    if drivers not in ("start", "stop"):
        raise ValueError(f"{drivers!r} is not start, stop or a table of settings")
    return None


def pairs(text: str) -> dict[str, Any]:
    """Settings as they are typed: `max_duration=600,probability=0.8`. Raises ValueError."""
    found = [each.partition("=") for each in text.split(",") if each]
    if not all(equals for _, equals, _ in found):
        raise ValueError(f"{text!r} are not settings, as in max_duration=600,probability=0.8")
    return {name: value for name, _, value in found}


# --- tokens ---------------------------------------------------------------------------------------------------------


def _tokens(text: str) -> dict[str, Any]:
    """Tokens joined with `+`, or those of a file (`@tags.txt`). Raises ValueError."""
    if text.startswith("@"):
        return {"tokens": _read(text[1:]), "file": text[1:]}
    return {"tokens": tuple(text.split("+"))}


def _read(path: str) -> tuple[str, ...]:
    """The lines of a file (those with a # are comments), or the texts of a JSON list. Raises ValueError."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "not UTF-8 text"
        raise ValueError(f"tokens: {path}: {why.lower()}") from None
    if not text.lstrip().startswith("["):
        lines = (line.strip() for line in text.splitlines())
        return tuple(line for line in lines if line and not line.startswith("#"))
    try:
        listed = json.loads(text)
    except ValueError as wrong:
        raise ValueError(f"tokens: {path}: {wrong}") from None
    if not all(isinstance(each, str) for each in listed):
        raise ValueError(f"tokens: {path}: not a list of texts")
    return tuple(listed)


class Watched:
    """A file of tokens that is read again when it has changed."""

    __slots__ = ("_path", "_seen")

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen = self._look()

    def _look(self) -> tuple[int, ...]:
        try:
            stat = os.stat(self._path)
        except OSError:
            return ()
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino)

    def changed(self, habits: Habits) -> Habits | None:
        """`habits` with the tokens that the file has by now; None when it is as it was. Raises ValueError for a file
        that cannot be used, once for each change."""
        now = self._look()
        if now == self._seen:
            return None
        self._seen = now
        return replace(habits, tokens=_read(self._path))
