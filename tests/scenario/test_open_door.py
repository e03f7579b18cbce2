"""`python -m csms run` goes on listening between its scenarios: who dials meanwhile is the next one's to answer."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from csms.making import csms_of
from csms.options import CsmsOptions
from csms.run_options import CsmsRunOptions, parser
from csms.stage_door import Door
from shared.clock import Clock
from shared.journal.journal import Journal
from shared.report.events import Event, ScenarioFinished
from shared.scenario.load import load
from shared.scenario.program import bench_of
from shared.scenario.runner import plan, run
from shared.scenario.stage import HELD

HANDSHAKE = (
    "GET /Theirs HTTP/1.1\r\nHost: csms\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
)


class Dialler:
    """A station that dials a door behind which nobody is yet. It is not refused, and waits to be answered."""

    def __init__(self) -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        self.port: int = listening.getsockname()[1]
        self.door = Door()
        self.door.hold("127.0.0.1", self.port, [listening])
        self.links: list[socket.socket] = []

    def dial(self) -> None:
        link = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        link.sendall(HANDSHAKE.encode())
        self.links.append(link)

    def answer(self, at: int = -1) -> str:
        """The status line of the answer to a handshake, and its headers."""
        heard = b""
        while b"\r\n\r\n" not in heard and (more := self.links[at].recv(4096)):
            heard += more
        return heard.partition(b"\r\n\r\n")[0].decode()

    def close(self) -> None:
        for link in self.links:
            link.close()
        self.door.close()


def played(tmp_path: Path, more: str) -> tuple[Dialler, list[str]]:
    """Two scenarios with a station that dials before each, while no scenario runs; the second has `more` settings."""
    dialler, verdicts = Dialler(), []
    rounds = []
    for name, settings in (("first", "{}"), ("second", more)):
        file = tmp_path / f"{name}.yaml"
        file.write_text(
            f"scenario: {name}\nrole: csms\ncsms: {settings}\nsteps:\n  - wait: 1ms\n", encoding="utf-8"
        )
        rounds.append(file)
    words = ["--port", str(dialler.port), "--time-scale", "200", *map(str, rounds)]
    options: CsmsRunOptions = parser().parse_args(words)
    bench = bench_of(options, "csms")
    bench.memory[HELD] = dialler.door
    dialler.dial()

    def hear(event: Event) -> None:
        if isinstance(event, ScenarioFinished):
            verdicts.append(f"{event.verdict.name} {event.reason}".strip())
            if len(verdicts) == 1:
                dialler.dial()

    run(plan([one for file in rounds for one in load(file)], bench), bench, hear)
    return dialler, verdicts


def test_who_dials_between_two_scenarios_is_played_with_in_the_next(tmp_path: Path) -> None:
    dialler, verdicts = played(tmp_path, "{}")
    assert verdicts == ["PASSED", "PASSED"]
    assert [dialler.answer(at).split()[1] for at in (0, 1)] == ["101", "101"]
    dialler.close()


def test_a_handshake_is_answered_as_the_scenario_says_that_answers_it(tmp_path: Path) -> None:
    dialler, verdicts = played(tmp_path, "{persona: unoffered_subprotocol}")
    assert verdicts[0] == "PASSED"
    assert "\r\nsec-websocket-protocol: ocpp1.6" in dialler.answer(0).lower()
    assert "\r\nsec-websocket-protocol: ocpp1.6" not in dialler.answer(1).lower()
    dialler.close()


async def test_the_sockets_outlive_the_central_system_that_listens_until_the_door_is_closed() -> None:
    door, journal = Door(), Journal(Clock.of_loop(asyncio.get_running_loop()))
    options = CsmsOptions(port=0)
    port = 0
    for _ in range(2):
        csms = csms_of(options, journal)
        before, port = port, await door.open(csms, options)
        assert before in (0, port)
        await csms.stop()
        socket.create_connection(("127.0.0.1", port), timeout=20).close()
    door.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=20)
