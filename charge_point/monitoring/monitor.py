"""One monitor, and when what it watches is an event: thresholds, deltas, targets (N07.FR.02, .16-.19, .22, .23)."""

from __future__ import annotations

from typing import Any, NamedTuple

Payload = dict[str, Any]

HARD_WIRED, PRECONFIGURED, CUSTOM = "HardWiredMonitor", "PreconfiguredMonitor", "CustomMonitor"

THRESHOLDS = ("UpperThreshold", "LowerThreshold")
TARGETS = ("TargetDelta", "TargetDeltaRelative")
PERIODIC = ("Periodic", "PeriodicClockAligned")
DELTA = "Delta"

_KEPT = ("id", "path", "type", "value", "severity", "transaction", "origin", "stream", "alert", "last")


class Seen(NamedTuple):
    """An event: `trigger` of EventTriggerEnumType; `cleared` when the value is back within the bounds."""

    trigger: str
    cleared: bool = False


class Monitor:
    """What is watched at `path` (of a variable), and what was seen last. It owns that.

    `value`: threshold, difference, or period in seconds. `transaction`: only during one. `stream`: the parameters of
    its event stream (2.1). `alert`: its threshold is exceeded, as was told. `last`: the value at the last event, None
    before there is one to compare with. `session`: the transaction of its last alert.
    """

    __slots__ = (*_KEPT, "session")

    def __init__(
        self,
        id: int,
        path: str,
        type: str,
        value: float,
        severity: int,
        origin: str = CUSTOM,
        *,
        transaction: bool = False,
        stream: Payload | None = None,
        last: str | None = None,
    ) -> None:
        self.id = id
        self.path = path
        self.type = type
        self.value = value
        self.severity = severity
        self.origin = origin
        self.transaction = transaction
        self.stream = stream
        self.alert = False
        self.last = last
        self.session = ""

    @property
    def is_periodic(self) -> bool:
        """Whether it tells on the clock, whatever the value is."""
        return self.type in PERIODIC

    def as_kept(self) -> Payload:
        """What an equal one is made of, as JSON."""
        return {name: getattr(self, name) for name in _KEPT}

    @classmethod
    def of(cls, kept: Payload) -> Monitor:
        """One as it was kept."""
        made = cls(kept["id"], kept["path"], kept["type"], kept["value"], kept["severity"])
        for name in _KEPT:
            setattr(made, name, kept[name])
        return made

    def look(self, actual: str, target: str = "", *, numeric: bool = True) -> Seen | None:
        """The event that `actual` is, if it is one; it is remembered. `target` is the Target attribute.

        A monitor tells when a bound is passed, not while it stays so, and once more when the value is back.
        """
        if self.type == DELTA:
            return self._changed(actual, numeric)
        beyond = self._is_beyond(actual, target)
        if beyond == self.alert:
            return None
        self.alert = beyond
        return Seen("Alerting", cleared=not beyond)

    def _changed(self, actual: str, numeric: bool) -> Seen | None:
        before, self.last = self.last, actual
        if before is None or before == actual:
            return None
        if numeric and before and actual and abs(float(actual) - float(before)) <= self.value:  # N07.FR.18
            self.last = before
            return None
        return Seen(DELTA)  # N07.FR.19: of what is no number, any change

    def _is_beyond(self, actual: str, target: str) -> bool:
        if not actual:
            return False
        number = float(actual)
        if self.type == "UpperThreshold":
            return number > self.value  # N07.FR.16: exceeding it, not on it
        if self.type == "LowerThreshold":
            return number < self.value
        if not target:
            return False
        wanted = float(target)
        allowed = self.value * abs(wanted) if self.type == "TargetDeltaRelative" else self.value
        return abs(number - wanted) > allowed
