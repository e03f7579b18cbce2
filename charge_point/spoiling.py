"""What a person lets go wrong with the firmware updates and the uploads of a station, from now on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from charge_point.firmware_habits import FAILURES
from shared.option_fields import UsageError
from shared.prompt import Word
from shared.suggest import not_one_of
from shared.transfer import Failure

if TYPE_CHECKING:
    from charge_point.station import Station

NOTHING = "nothing"


def spoiling_words(station: Station) -> list[Word]:
    """The same at the prompt."""

    def word(name: str, of: str, words: tuple[str, ...], let: Callable[[Station, str], None]) -> Word:
        def run(rest: str) -> str:
            try:
                let(station, rest or NOTHING)
            except ValueError as wrong:
                raise UsageError(str(wrong)) from None
            return f"{of} from now on: {rest or NOTHING}"

        help = f"how {of} fail from now on\nSTATUS is {', '.join(words)}, or {NOTHING}."
        return Word(name, f"{name} [STATUS]", help, run, lambda typed: (*words, NOTHING))

    failures = tuple(failure.value for failure in Failure)
    return [
        word("firmware_fails", "firmware updates", FAILURES, let_firmware_fail),
        word("uploads_fail", "uploads of logs", failures, let_uploads_fail),
    ]


def let_firmware_fail(station: Station, fails: str) -> None:
    """Let updates come to this end, one of `FAILURES`, or to a good one. Raises ValueError."""
    from charge_point.firmware import Firmware

    if fails not in (*FAILURES, NOTHING):
        raise ValueError(not_one_of(fails, "what can go wrong with firmware", (*FAILURES, NOTHING)))
    station.part(Firmware).fails = "" if fails == NOTHING else fails


def let_uploads_fail(station: Station, fails: str) -> None:
    """Let uploads come to this end, one of UploadLogStatusEnumType's failures, or to a good one. Raises ValueError."""
    from charge_point import logs

    if fails not in (*logs.FAILURES, NOTHING):
        raise ValueError(not_one_of(fails, "what can go wrong with an upload", (*logs.FAILURES, NOTHING)))
    station.part(logs.Logs).fails = "" if fails == NOTHING else fails
