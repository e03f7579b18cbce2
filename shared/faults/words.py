"""What was done to a message, in a few words for the journal."""

from __future__ import annotations

from shared.faults.effects import OUT, Close, Cut, Deliver, Effects, Frame, Stall


def told(frame: Frame, effects: Effects) -> str:
    """`StatusNotification c1-3 out: sent 2 times, 0.2 s apart`, as far as there is something to tell."""
    copies = [effect for effect in effects if isinstance(effect, Deliver)]
    done = [words for effect in effects if (words := _act(effect))]
    if not copies:
        done.insert(0, "lost")
    if len(copies) > 1:
        done.append(f"passes {len(copies)} times")
    if any(copy.text != frame.text for copy in copies):
        done.append("changed" if len(copies) == 1 else "once changed")
    last = copies[-1] if copies else None
    if last is not None and last.behind:
        done.append(f"until {last.behind} more {'has' if last.behind == 1 else 'have'} passed")
    if last is not None and (wait := last.after + last.takes):
        done.append(f"held back {wait:.3g} s" if len(copies) == 1 else f"the last after {wait:.3g} s")
    return f"{_subject(frame)} {'out' if frame.direction == OUT else 'in'}: {', '.join(done) or 'as it is'}"


def _subject(frame: Frame) -> str:
    what = frame.action or "a message"
    kind = f"{frame.kind} to " if frame.kind in ("answer", "error", "answer_error") else ""
    return f"{kind}{what} {frame.id}".rstrip()


def _act(effect: object) -> str:
    if isinstance(effect, Close):
        return f"the connection is closed with {effect.code}"
    if isinstance(effect, Cut):
        return "the connection is cut"
    if isinstance(effect, Stall):
        return "the connection stalls" + (f" for {effect.seconds:g} s" if effect.seconds else "")
    return ""
