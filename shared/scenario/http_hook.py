"""A hook that is an HTTP request: `sut: {reboot: {http: {url: "http://lab/reboot", json: {id: $me}, expect: 204}}}`.

It is made by the standard library in a thread of its own: hooks are few, and whoever answers them is slow.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from shared.scenario.stage import Broken, NotMet

SCHEMES = ("http", "https")

TIMEOUT = 10.0
"""Seconds, of real time, that the other side gets unless the hook says otherwise."""

_EXCERPT = 300
_MOST = 1 << 20


class _Answer(NamedTuple):
    status: int
    text: str


def is_address(text: str) -> bool:
    """Whether a hook that was named on the command line is an address and no command."""
    return text.startswith(("http://", "https://"))


async def request(what: str, spec: Mapping[str, Any]) -> Any:
    """Make the request that `spec` describes, so as to have `what` done; gives the answer's JSON, or its text.

    `expect` is the status or statuses that are wanted, any 2xx without. Raises NotMet, with the URL, the status and the
    beginning of the body, when it comes to something else; Broken for a spec that cannot be.
    """
    made, expect, timeout = _made(spec)
    head = f"{made.get_method()} {made.full_url}"
    try:
        answer = await asyncio.get_running_loop().run_in_executor(None, _asked, made, timeout)
    except (OSError, HTTPException) as problem:
        why = problem.reason if isinstance(problem, URLError) else problem
        raise NotMet(f"the hook could not {what}: {head}: {str(why) or type(problem).__name__}") from None
    if answer.status not in expect if expect else not 200 <= answer.status < 300:
        body = " ".join(answer.text.split())
        said = f": {body[:_EXCERPT]}{'...' if len(body) > _EXCERPT else ''}" if body else ""
        wanted = f", not {' or '.join(map(str, expect))}" if expect else ""
        raise NotMet(f"the hook could not {what}: {head}: status {answer.status}{wanted}{said}")
    try:
        return json.loads(answer.text)
    except ValueError:
        return answer.text.strip()


def _made(spec: Mapping[str, Any]) -> tuple[Request, tuple[int, ...], float]:
    url, expect = str(spec.get("url", "")), spec.get("expect", ())
    try:
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES or not parts.hostname:
            raise ValueError
    except ValueError:
        raise Broken(f"http: {url!r} is not an address (http://host/path)") from None
    headers = {str(name): str(value) for name, value in (spec.get("headers") or {}).items()}
    body: bytes | None = None
    if "json" in spec:
        body = json.dumps(spec["json"], default=str).encode()
        headers.setdefault("Content-Type", "application/json")
    elif spec.get("body") is not None:
        body = str(spec["body"]).encode()
    method = str(spec.get("method") or ("GET" if body is None else "POST")).upper()
    try:
        wanted = tuple(int(each) for each in (expect if isinstance(expect, list | tuple) else [expect]))
        timeout = float(spec.get("timeout", TIMEOUT))
    except (TypeError, ValueError):
        raise Broken("http: expect is a status, or a list of them, and timeout a number of seconds") from None
    return Request(url, body, headers, method=method), wanted, timeout


def _asked(made: Request, timeout: float) -> _Answer:
    try:
        with urlopen(made, timeout=timeout) as response:
            return _Answer(response.status, response.read(_MOST).decode(errors="replace"))
    except HTTPError as refused:
        with refused:
            return _Answer(refused.code, refused.read(_MOST).decode(errors="replace"))
