"""Each way in which an attempt to connect fails has a sentence with its likely cause."""

from __future__ import annotations

import socket

import pytest
from websockets.exceptions import (
    ConnectionClosedError,
    InvalidHandshake,
    InvalidMessage,
    InvalidURI,
    WebSocketException,
)

from shared.dialer import Target, explain
from shared.versions import VERSIONS

PLAIN = Target("ws://csms.example/ocpp", "CP1", VERSIONS)
SECURE = Target("wss://csms.example/ocpp", "CP1", VERSIONS)


@pytest.mark.parametrize(
    ("problem", "target", "words"),
    [
        (ConnectionRefusedError(), PLAIN, "nothing listens there"),
        (socket.gaierror(-2, "x"), PLAIN, "'csms.example' cannot be resolved"),
        (TimeoutError(), PLAIN, "no answer within"),
        (ConnectionResetError(), PLAIN, "does it want wss://?"),
        (ConnectionResetError(), SECURE, "does this port speak TLS?"),
        # what websockets makes of a connection that ends before the answer is whole
        (
            ConnectionClosedError(None, None),
            PLAIN,
            "closed in the middle of the handshake; does it want wss://?",
        ),
        (ConnectionClosedError(None, None), SECURE, "does this port speak TLS?"),
        (InvalidMessage("x"), PLAIN, "not a WebSocket server"),
        (InvalidURI("x", "y"), PLAIN, "check --csms"),
        (InvalidHandshake("odd header"), PLAIN, "the handshake failed: odd header"),
    ],
)
def test_a_failure_is_explained_without_the_name_of_a_class(
    problem: Exception, target: Target, words: str
) -> None:
    said = explain(problem, target)
    assert words in said
    assert type(problem).__name__ not in said


def test_what_nobody_thought_of_is_named() -> None:
    assert explain(WebSocketException("strange"), PLAIN) == "WebSocketException: strange"
