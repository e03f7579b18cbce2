"""What only a configuration file can say, in tables: stations, the groups of tokens, and vendors.

[csms.stations.CP1] sets boots and tokens for one station, [csms.groups] gives tokens their groups, and
[csms.vendors.VENDOR] says what DataTransfer is answered, message by message.
"""

# ruff: noqa: RUF009  (`option` makes a dataclass field)

from dataclasses import dataclass
from typing import Any

from csms import option_values as words
from shared.option_fields import UsageError, option, options_of
from shared.option_layers import from_table, merged
from shared.option_values import Pairs, kind_of, listed, one_of
from shared.suggest import advice

status = one_of("a registration status", words.REGISTRATION_STATUSES)
statuses = listed(status, "status", blanks=False)
_vendor_status = one_of("a DataTransfer status", words.DATA_TRANSFER_STATUSES)


@dataclass(frozen=True, eq=False, repr=False)
class StationOptions:
    """What a table [csms.stations.NAME] says for one station; what it leaves out is as for every station."""

    boot_status: str | None = option(None, "", parse=status, exclusive="boot")
    boot_status_sequence: tuple[str, ...] = option((), "", parse=statuses, many=True, exclusive="boot")
    tokens: dict[str, str] = option({}, "", parse=Pairs("TOKEN=STATUS", words.token_status), many=True)

    @property
    def boot_statuses(self) -> tuple[str, ...]:
        """What its boots are answered, one after another, the last for ever; empty when the table does not say."""
        return self.boot_status_sequence or ((self.boot_status,) if self.boot_status else ())


def stations(tables: Any, path: str, name: str) -> dict[str, StationOptions]:
    """The tables [csms.stations.NAME] of the configuration file at `path`."""
    rows = options_of(StationOptions)
    found = {}
    for station, table in _table(tables, path, name, "a table for each station, [{0}.CP1]").items():
        where = f"{name}.{station}"
        if not isinstance(table, dict):
            raise UsageError(f"{path}: [{name}] {station}: expected a table, [{where}]")
        given = merged(rows, [from_table(rows, table, path, where)])
        found[station] = StationOptions(**{key: it.value for key, it in given.items()})
    return found


def groups(table: Any, path: str, name: str) -> dict[str, str]:
    """The table [csms.groups] of the configuration file at `path`: token -> its group (1.6: its parent)."""
    found = {}
    for token, group in _table(table, path, name, "a table of TOKEN = GROUP, [{0}]").items():
        if not isinstance(group, str):
            raise UsageError(f"{path}: [{name}] {token}: expected a text, not {kind_of(group)}")
        if not group.strip() or not token.strip():
            raise UsageError(f"{path}: [{name}] {token or repr(token)}: must not be empty")
        found[token] = group
    return found


def vendors(tables: Any, path: str, name: str) -> dict[str, dict[str, dict[str, Any]]]:
    """The tables [csms.vendors.VENDOR]: messageId (`*`: any other, or none) -> the answer to DataTransfer.

    An answer is a status, or a table of `status` (Accepted when left out) and `data`.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for vendor, messages in _table(tables, path, name, "a table for each vendor, [{0}.VENDOR]").items():
        where = f"{name}.{vendor}"
        if not isinstance(messages, dict):
            raise UsageError(f"{path}: [{name}] {vendor}: expected a table, [{where}]")
        found[vendor] = {
            message: _answer(answer, f"{path}: [{where}] {message}") for message, answer in messages.items()
        }
    return found


def _answer(said: Any, source: str) -> dict[str, Any]:
    answer = {"status": said} if isinstance(said, str) else said
    if not isinstance(answer, dict):
        raise UsageError(f"{source}: expected a status, or a table of status and data, not {kind_of(said)}")
    unknown = [key for key in answer if key not in ("status", "data")]
    if unknown:  # most likely a vendorId with dots that was not put into quotes
        hint = advice(unknown[0], ("status", "data"))
        raise UsageError(f"{source}: an answer has no {unknown[0]!r}{hint}; quote a vendorId that has dots")
    answer = {"status": "Accepted"} | answer
    try:
        if not isinstance(answer["status"], str):
            raise ValueError(f"expected a text, not {kind_of(answer['status'])}")
        _vendor_status(answer["status"])
        _json(answer.get("data"))
    except ValueError as fault:
        raise UsageError(f"{source}: {fault}") from None
    return answer


def _json(data: Any) -> None:
    """ValueError for what JSON has no form for: TOML's dates, `inf` and `nan`."""
    import json

    try:
        json.dumps(data, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError("the data cannot be written as JSON (a date, inf or nan?)") from None


def _table(table: Any, path: str, name: str, form: str) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise UsageError(f"{path}: [{name}]: expected {form.format(name)}")
    return table
