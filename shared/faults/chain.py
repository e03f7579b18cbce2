"""Faults on the wire: done on purpose, seeded, written down, and gone as soon as they are removed.

    Peer      decides what to say, and takes what came for what was said
      |  send             ^  recv
    FaultyLink            |              a lane for each direction
      |   [fault] [fault] ...            each message goes through the chain of faults in their order
      |   ~~~ waits in its lane ~~~      until it is due; the lane keeps the order
      |  journal          |  journal     what really crosses the wire, below all faults
    WebSocketLink | MemoryLink

A fault is a frozen dataclass that says what becomes of a message, as data (`effects`): deliver it, changed, later,
twice or not at all; close, cut or stall the connection. The envelope around it says which messages it is done to
(`envelope`). The next fault of the chain sees what the one before has left: each copy of a duplicate can be delayed.

What the journal has: `out` and `in` are what crossed the wire, whoever wanted it to. A message of ours that is not on
the wire as it was meant and when it was meant is an entry `held`; what goes out in its stead refers to it. Each fault
that was done is a note `fault` that refers to the message. A message that still waits when the connection ends is
noted `not_sent` or `not_handed`: nothing disappears without a word.

Removing a fault lets pass at once, in order, what it held back. A connection has no such layer until there is a fault
(the way without faults costs nothing), and gets it in mid-conversation without losing a message (`Peer.spoil`).

Chance is a stream for each seed, station and fault: the same seed, the same course, and faults do not disturb each
other. `lane` keeps the order, `link` does the work, `parsing` reads what people write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

from shared.journal.journal import Journal
from shared.link import Link
from shared.option_fields import UsageError
from shared.tasks import Tasks
from shared.versions import Version

if TYPE_CHECKING:  # read when the first fault comes in force: most runs have none
    from shared.faults.blame import Blame
    from shared.faults.effects import Deliver, Effect, Effects, Frame, Message, Refusal
    from shared.faults.envelope import Handle, Injection
    from shared.faults.link import FaultyLink
    from shared.faults.parsing import Spec
    from shared.faults.scribe import Tale


class Spoiled(Protocol):
    """What a connection must offer so that faults can come over it."""

    def spoil(self) -> None:
        """Have what crosses the wire from now on go through the faults."""


class Step(NamedTuple):
    """One effect on a message, and the faults that brought it about."""

    effect: Effect
    handles: tuple[Handle, ...]


class Faults:
    """The faults in force in one program, in their order. Owns the handles.

    `end` is "csms" or "charge_point". `peers` gives the connections that there are, so that a fault can come over one
    in mid-conversation.
    """

    __slots__ = (
        "_blame",
        "_count",
        "_handles",
        "_named",
        "_peers",
        "_seed",
        "end",
        "journal",
        "links",
        "tasks",
    )

    def __init__(
        self,
        journal: Journal,
        tasks: Tasks,
        end: str,
        *,
        seed: object = 0,
        peers: Callable[[], Iterable[Spoiled]] = tuple,
    ) -> None:
        self.journal = journal
        self.tasks = tasks
        self.end = end
        self._blame: Blame | None = None
        self.links: dict[FaultyLink, None] = {}  # a dict, so that releasing has an order
        self._seed = seed
        self._peers = peers
        self._handles: list[Handle] = []
        self._count = 0
        self._named: dict[str, int] = {}

    def __iter__(self) -> Iterator[Handle]:
        return iter(self._handles)

    def __len__(self) -> int:
        return len(self._handles)

    @property
    def spoil(self) -> bool:
        """Whether connections need the layer: some fault concerns messages."""
        return any(not handle.injection.fault.at_handshake for handle in self._handles)

    # --- in force and out of it ----------------------------------------------------------------------------

    def add(self, what: Injection | Spec) -> Handle:
        """Put a fault in force, over connections that exist as well. Raises UsageError for what cannot be."""
        from shared.faults.envelope import Handle, Injection
        from shared.faults.parsing import parse

        injection = what if isinstance(what, Injection) else parse(what)
        if injection.fault.at_handshake and self.end != "csms":
            raise UsageError(f"{injection.fault.name}: only a CSMS is connected to; a station dials")
        self._count += 1
        name = injection.fault.name
        nth = self._named[name] = self._named.get(name, 0) + 1
        handle = Handle(self._count, injection, self.journal.clock.elapsed(), self._seed, (name, nth))
        self._handles.append(handle)
        self.journal.note("", "injected", f"#{handle.number} {injection}", end=self.end)
        if self.spoil:
            for peer in self._peers():
                peer.spoil()
        return handle

    def find(self, number: int) -> Handle:
        """The fault in force with this number. Raises UsageError."""
        for handle in self._handles:
            if handle.number == number:
                return handle
        listed = ", ".join(f"#{handle.number}" for handle in self._handles) or "none is"
        raise UsageError(f"no fault #{number} is in force ({listed})")

    def remove(self, handle: Handle) -> None:
        """Take a fault out of force; what it held back passes now. One that is not in force is left alone."""
        if handle in self._handles:
            self._handles.remove(handle)
            self.journal.note("", "removed", f"#{handle.number} {handle.injection}", end=self.end)
            for link in list(self.links):
                link.release(handle)

    def reset(self) -> int:
        """Take every fault out of force at once; what was held back passes now. Gives how many there were."""
        count = len(self._handles)
        for handle in list(self._handles):
            self.remove(handle)
        for link in list(self.links):
            link.release()
        return count

    def cause(self, station: str, finding: str, ref: int, *ids: str) -> str:
        """The fault of ours that a finding about frame `ref`, or a message id, is the consequence of; ""."""
        if self._blame is None:
            return ""
        return self._blame.cause(station, finding, ref, self.journal.clock.elapsed(), *ids)

    @property
    def blame(self) -> Blame:
        """What they did, so that its consequences are no findings against the peer."""
        if self._blame is None:
            from shared.faults.blame import Blame

            self._blame = Blame()
        return self._blame

    # --- at work -------------------------------------------------------------------------------------------

    def link(self, link: Link, station: str, version: Version | None) -> FaultyLink:
        """`link` with the faults over it, and with the journal's entries written below them."""
        from shared.faults.link import FaultyLink

        return FaultyLink(link, self, station, version)

    def handshake(self, station: str) -> Refusal | None:
        """How a connection that `station` is about to make is turned down, if it is."""
        now = self.journal.clock.elapsed()
        for handle in self._handles:
            injection = handle.injection
            if not injection.fault.at_handshake or handle.is_over(now) or not injection.is_at(station):
                continue
            refusal = injection.fault.refuse() if handle.turn(station) is not None else None
            if refusal is not None:
                handle.done(station)
                how = f"status {refusal.status}" if refusal.status else "the connection is cut"
                words = f"{handle.name}: a connection of {station} is turned down: {how}"
                self.journal.note(station, "fault", words, end=self.end, fault=handle.name)
                return refusal
        return None

    def spoiled(
        self, text: Message, station: str, frame_of: Callable[[Message], Frame], but: Handle | None
    ) -> tuple[list[Step], Tale]:
        """What becomes of a message: the steps, in order, and what was done in words, with the text that came of it.

        `but` is not asked: the fault that stalls the connection.
        """
        from shared.faults.effects import Deliver
        from shared.faults.words import told

        steps = [Step(Deliver(text), ())]
        tale: Tale = []
        now = self.journal.clock.elapsed()
        for handle in self._handles:
            if handle.injection.fault.at_handshake or handle is but or handle.is_over(now):
                continue
            before, steps = steps, []
            for step in before:
                effects = self._asked(handle, step.effect, station, frame_of)
                if effects is None or not isinstance(step.effect, Deliver):
                    steps.append(step)
                    continue
                steps += [Step(_after(step.effect, each), (*step.handles, handle)) for each in effects]
                copies = [each for each in effects if isinstance(each, Deliver)]
                changed = next((each.text for each in copies if _differs(each, step.effect)), None)
                tale.append((handle, told(frame_of(step.effect.text), effects), changed))
        return steps, tale

    def _asked(
        self, handle: Handle, effect: Effect, station: str, frame_of: Callable[[Message], Frame]
    ) -> Effects | None:
        """What one fault does to one delivery; None when it is not its business or not its turn."""
        from shared.faults.effects import Deliver

        if not isinstance(effect, Deliver):
            return None
        frame = frame_of(effect.text)
        if not handle.injection.concerns(frame, station):
            return None
        roll = handle.turn(station)
        effects = None if roll is None else handle.injection.fault.spoil(frame, roll)
        if effects is not None:
            handle.done(station)
        return effects


def _after(first: Deliver, then: Effect) -> Effect:
    """`then`, done to what `first` delivers."""
    from shared.faults.effects import Deliver

    if not isinstance(then, Deliver):
        return then
    return Deliver(
        then.text,
        after=first.after + then.after,
        takes=first.takes + then.takes,
        aside=first.aside or then.aside,
        behind=max(first.behind, then.behind),
    )


def _differs(effect: Deliver, before: Deliver) -> bool:
    return type(effect.text) is not type(before.text) or effect.text != before.text


__all__ = ["Faults", "Spoiled", "Step"]
