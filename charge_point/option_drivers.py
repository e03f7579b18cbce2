"""What `--generate` may be; the generator itself is loaded only for those who ask for it."""

from collections.abc import Mapping

from shared.option_fields import UsageError


def of_drivers(name: str, value: str) -> str:
    """A setting of the generator of transactions, if there is such."""
    from charge_point.generator import habits

    try:
        habits({name: value})
    except ValueError as wrong:
        if " needs 0 <= " not in str(wrong):  # what only the whole can tell
            raise
    return value


def check_drivers(settings: Mapping[str, str], sessions: int) -> None:
    """Refuse settings that contradict each other; UsageError."""
    if not settings:
        return
    from charge_point.generator import habits

    try:
        habits(dict(settings))
    except ValueError as wrong:
        raise UsageError(str(wrong), "generate") from None
    if sessions:
        raise UsageError("not together with --sessions", "generate")
