"""Hooks: what has a foreign system act, when it is an HTTP request or a shell command."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from shared.scenario.hooks import Hooks
from shared.scenario.load import load_text
from shared.scenario.model import CHARGE_POINT
from shared.scenario.stage import NotMet

pytestmark = pytest.mark.sockets


class Lab(ThreadingHTTPServer):
    """Answers with what the path says (`/200`), and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Answering)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answering(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        assert isinstance(self.server, Lab)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.asked.append((self.command, self.path, self.headers.get("X-Key", ""), body))
        self.send_response(int(self.path.strip("/")))
        self.end_headers()
        self.wfile.write(b'{"transactions": 1}' if self.path == "/200" else b"no such\ncharger")

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def lab() -> Iterator[Lab]:
    server = Lab()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def foreign(scenario: Any = None) -> Any:
    """A branch of a scenario in which the other side is not ours."""
    return SimpleNamespace(
        play=SimpleNamespace(stages={}, view=CHARGE_POINT, scenario=scenario), station="CP1"
    )


def ask(arguments: dict[str, Any], hook: str = "", name: str = "count_transactions") -> Any:
    return asyncio.run(Hooks(sut_command=hook).sut(foreign(), name, arguments, 5))


def test_a_step_brings_its_own_request_and_gets_its_answer(lab: Lab) -> None:
    spec = {"url": f"{lab.url}/200", "json": {"id": "CP1"}, "headers": {"X-Key": "k"}, "expect": 200}
    assert ask({"station": "CP1", "http": spec}) == {"transactions": 1}
    assert lab.asked == [("POST", "/200", "k", '{"id": "CP1"}')]
    ask({"http": {"url": f"{lab.url}/201", "method": "put", "body": "text", "expect": [200, 201]}})
    ask({"http": {"url": f"{lab.url}/202"}})
    assert [asked[0] for asked in lab.asked] == ["POST", "PUT", "GET"]


def test_an_address_in_the_place_of_a_command_is_told_what_is_wanted(lab: Lab) -> None:
    assert ask({"evse": 1}, hook=f"{lab.url}/200", name="plug_in") == {"transactions": 1}
    (asked,) = lab.asked
    assert json.loads(asked[3]) == {"station": "CP1", "name": "plug_in", "arguments": {"evse": 1}}


def test_a_request_that_fails_is_inconclusive_with_url_status_and_body(lab: Lab) -> None:
    with pytest.raises(NotMet) as wrong:
        ask({"http": {"url": f"{lab.url}/404"}}, name="reboot")
    assert str(wrong.value) == f"the hook could not reboot: GET {lab.url}/404: status 404: no such charger"
    with pytest.raises(NotMet, match="status 200, not 201 or 204: "):
        ask({"http": {"url": f"{lab.url}/200", "expect": [201, 204]}})


def test_a_request_to_nobody_is_inconclusive_with_its_url() -> None:
    with pytest.raises(NotMet, match=r"the hook could not reboot: GET http://127\.0\.0\.1:1/x: .*refused"):
        ask({"http": {"url": "http://127.0.0.1:1/x"}}, name="reboot")


def test_a_command_that_fails_is_inconclusive_with_what_it_said() -> None:
    with pytest.raises(NotMet, match="the hook could not reboot: out of order"):
        ask({}, hook="echo out of order >&2; exit 3;", name="reboot")


def test_who_brings_the_request_along_needs_no_hook_on_the_command_line() -> None:
    text = "scenario: a\nsteps:\n  - repeat: {times: 1, steps: [{sut: {reboot: {http: {url: 'http://lab/'}}}}]}\n"
    (scenario,) = load_text(text, "a.yaml")
    Hooks().need("sut", "reboot", foreign(scenario))
    with pytest.raises(NotMet, match="nobody can reset"):
        Hooks().need("sut", "reset", foreign(scenario))
