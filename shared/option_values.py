"""What one option may hold: text in, value out, or a `ValueError` that says what was wrong in one clause.

The layers (`shared.options`) put the source in front: `csms: --port: 'abc' is not a whole number`.
Nothing here costs time to import: the command line is read with these before anything else is.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from shared.suggest import not_one_of
from shared.versions import VERSIONS, Version

T = TypeVar("T")
Texts = Sequence[str]

# --- numbers ------------------------------------------------------------------------------------------------


def whole(low: int | None = None, high: int | None = None) -> Callable[[str], int]:
    """A whole number from `low` to `high`, both included, None for no bound."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a whole number") from None
        if low is not None and high is not None and not low <= value <= high:
            raise ValueError(f"{value} is not between {low} and {high}")
        if low is not None and value < low:
            raise ValueError(f"{value} is less than {low}")
        if high is not None and value > high:
            raise ValueError(f"{value} is more than {high}")
        return value

    return parse


def finite(text: str) -> float:
    """A number other than `inf` and `nan`."""
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(f"{text!r} is not finite")
    return value


def positive(text: str) -> float:
    """A finite number above 0: the three faults (no number, not finite, not positive) read differently."""
    value = finite(text)
    if value <= 0:
        raise ValueError(f"{text!r} is not positive")
    return value


def not_negative(text: str) -> float:
    """A finite number of 0 or more."""
    value = finite(text)
    if value < 0:
        raise ValueError(f"{text!r} is negative")
    return value


# --- words --------------------------------------------------------------------------------------------------


def filled(text: str) -> str:
    """Any text but an empty or blank one."""
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def at_most(length: int) -> Callable[[str], str]:
    """A text of 1 to `length` characters, as the schemas limit it."""

    def parse(text: str) -> str:
        if len(filled(text)) > length:
            raise ValueError(f"{text!r} is longer than {length} characters")
        return text

    return parse


def one_of(noun: str, allowed: Iterable[str]) -> Callable[[str], str]:
    """One of the `allowed` words, spelt exactly so; `noun` has its article ("a registration status")."""
    words = tuple(allowed)

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(not_one_of(text, noun, words))
        return text

    return parse


def address(text: str, password: str = "--password") -> str:
    """The base URL of a CSMS: ws:// or wss://, a host, perhaps a port, a path and a query.

    `password` is the flag that a password belongs to.
    """
    from urllib.parse import urlsplit

    filled(text)
    example = "ws://localhost:9000"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{text!r}: {str(error)[:1].lower()}{str(error)[1:]}") from None
    if parts.username is not None:
        raise ValueError(
            f"an address with a password in it; use {password}, the user name is the station's id"
        )
    if parts.scheme not in ("ws", "wss"):
        meant = {"http": "ws", "https": "wss"}.get(parts.scheme)
        hint = f"; did you mean '{meant}{text[len(parts.scheme) :]}'?" if meant else f", as in {example}"
        raise ValueError(f"{text!r} is not a WebSocket address{hint}")
    if not parts.hostname:
        raise ValueError(f"{text!r} names no host; expected an address as {example}")
    if port == 0:
        raise ValueError(f"{text!r}: port 0 cannot be dialled")
    if parts.fragment:
        raise ValueError(f"{text!r}: a WebSocket address has no fragment (#)")  # RFC 6455 §3
    return text


# --- several ------------------------------------------------------------------------------------------------


def listed(item: Callable[[str], T], noun: str, *, blanks: bool = True) -> Callable[[Texts], tuple[T, ...]]:
    """Comma lists, over all texts given; blank items are skipped, or refused when `blanks` is false.

    At least one item is required: `noun` ("status") says of what.
    """

    def parse(texts: Texts) -> tuple[T, ...]:
        parts = [part.strip() for text in texts for part in text.split(",")]
        if blanks:
            parts = [part for part in parts if part]
        elif not any(parts):
            parts = []
        if not parts:
            raise ValueError(f"at least one {noun} is required")
        return tuple(item(part) for part in parts)

    return parse


def versions(texts: Texts) -> tuple[Version, ...]:
    """Comma lists of OCPP versions, each once: `1.6`, `2.0.1`, `2.1`, or as a subprotocol, `ocpp2.1`."""
    by_name = {v.name: v for v in VERSIONS}
    found = []
    for text in texts:
        for part in filter(None, (part.strip() for part in text.split(","))):
            name = part.lower().removeprefix("ocpp").removesuffix("j")
            if name not in by_name:
                raise ValueError(not_one_of(part, "an OCPP version", by_name))
            found.append(by_name[name])
    if not found:
        raise ValueError("at least one version is required")
    return tuple(dict.fromkeys(found))


class Pairs(Generic[T]):
    """`KEY=VALUE` texts, or a table of a configuration file, as a dict.

    `form` shows the pair expected (`NAME=VALUE`); `value` is called with key and value, both trimmed. With
    `commas` each text is a comma list of pairs. A text is split at its first `=`.
    """

    def __init__(self, form: str, value: Callable[[str, str], T], *, commas: bool = False) -> None:
        self.form = form
        self._value = value
        self._commas = commas

    def __call__(self, texts: Texts) -> dict[str, T]:
        """The pairs of all `texts`, a later one of the same key in the place of an earlier one."""
        found: dict[str, T] = {}
        for text in texts:
            for part in text.split(",") if self._commas else [text]:
                if self._commas and not part.strip():
                    continue
                key, equals, rest = part.partition("=")
                if not equals or not key.strip():
                    raise ValueError(f"{part.strip()!r}: expected {self.form}")
                found[key.strip()] = self._value(key.strip(), rest.strip())
        if not found:
            raise ValueError(f"at least one {self.form} is required")
        return found

    def table(self, table: dict[str, object]) -> dict[str, T]:
        """The pairs of a TOML table; numbers and true/false are taken as OCPP writes them."""
        found: dict[str, T] = {}
        for key, value in table.items():
            if isinstance(value, bool):
                value = str(value).lower()
            elif isinstance(value, int | float):
                value = str(value)
            if not isinstance(value, str):
                raise ValueError(f"{key}: expected a text, not {kind_of(value)}")
            try:
                found[filled(key)] = self._value(key, value)
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None
        return found


class Injections:
    """Faults on the wire as texts (`drop:action=Heartbeat`) or as tables of a configuration file."""

    def __call__(self, values: Sequence[object]) -> tuple[object, ...]:
        """A `shared.faults.Injection` for each of `values`."""
        from shared.faults import parse
        from shared.option_fields import UsageError

        try:
            return tuple(parse(value) for value in values)  # type: ignore[arg-type]  # whose it is to refuse
        except UsageError as wrong:
            raise ValueError(str(wrong)) from None


def json_object(text: str) -> dict[str, object]:
    """A JSON object; the error names line and column of what is wrong."""
    import json

    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"not JSON at column {error.pos + 1}: {error.msg[:1].lower()}{error.msg[1:]}"
        ) from None
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, not {kind_of(value)}")
    return value


def kind_of(value: object) -> str:
    """What JSON and TOML call the type of a value, with its article."""
    kinds = ((bool, "true or false"), (int, "a whole number"), (float, "a number"), (str, "a text"))
    for kind, name in (*kinds, (list, "a list"), (dict, "a table")):
        if isinstance(value, kind):
            return name
    return "null" if value is None else f"a {type(value).__name__}"


# --- files --------------------------------------------------------------------------------------------------


def file_fault(path: str) -> str | None:
    """Why the file at `path` cannot be read, or None when it can."""
    if not path.strip():
        return "must not be empty"
    if os.path.isdir(path):
        return f"{path}: is a directory, not a file"
    if not os.path.exists(path):
        return f"{path}: no such file"
    if not os.access(path, os.R_OK):
        return f"{path}: permission denied"
    return None


def readable(text: str) -> str:
    """The path of a file that exists and may be read."""
    fault = file_fault(text)
    if fault is not None:
        raise ValueError(fault)
    return text


def writable(text: str) -> str:
    """The path of a file that may be written: no directory, and in a directory that exists."""
    folder = os.path.dirname(filled(text)) or "."
    if os.path.isdir(text):
        raise ValueError(f"{text}: is a directory, not a file")
    if not os.path.isdir(folder):
        raise ValueError(f"{text}: there is no directory {folder}")
    if not os.access(text if os.path.exists(text) else folder, os.W_OK):
        raise ValueError(f"{text}: permission denied")
    return text


def folder(text: str) -> str:
    """The path of a directory that can be written to; one that does not exist yet is made by who writes first."""
    there = os.path.abspath(filled(text))
    while not os.path.lexists(there):
        there = os.path.dirname(there)
    if not os.path.isdir(there):
        which = "" if os.path.abspath(text) == there else f"{there} "
        raise ValueError(f"{text}: {which}is a file, not a directory")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(f"{text}: permission denied")
    return text
