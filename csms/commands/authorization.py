"""The authorization cache."""

from __future__ import annotations

from csms.commands.registry import Sent, Session, command


@command("ClearCache")
def clear_cache(to: Session) -> Sent:
    """Empty the station's authorization cache."""
    return {}
