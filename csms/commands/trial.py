"""Commands tried out before there is a station: what no version would take is told at the start, not when it is due."""

from __future__ import annotations

from collections.abc import Iterable

from csms.commands.registry import NotOnThisVersion
from csms.commands.request import build_text
from csms.commands.validity import WrongWord
from csms.record import StationRecord
from csms.server import Csms
from csms.session import Session
from shared.option_fields import UsageError
from shared.versions import Version


def try_out(csms: Csms, texts: Iterable[tuple[str, str]], versions: Iterable[Version]) -> None:
    """Build each command, by the option that it stands in, for a station that is not there. Raises UsageError.

    Only a word that its member has on none of `versions` is a mistake already: what else is missing (a transaction, an
    address) there may be by the time.
    """
    for option, text in texts:
        wrong: UsageError | None = None
        for version in versions:
            station = Session(csms, "CP1", version, StationRecord("CP1"), "ws://localhost/CP1", 0)
            try:
                build_text(station, text)
            except WrongWord as mistake:
                wrong = wrong or mistake
            except NotOnThisVersion:
                pass  # it may be another's
            except UsageError:
                wrong = None
                break
            else:
                wrong = None
                break
        if wrong is not None:
            raise UsageError(f"--{option}: {wrong}")
