"""What makes a foreign system act: a shell command, an HTTP request, or a person. Ours act by themselves."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.scenario import http_hook
from shared.scenario.model import CHARGE_POINT, CSMS, Scenario, every_step
from shared.scenario.play import Branch
from shared.scenario.stage import NotMet, Stage
from shared.scenario.tree import Table


@dataclass(frozen=True)
class Hooks:
    """The hooks of a run. `sut` and `operator` are shell commands, or addresses; `tokens` were named by the user.

    A step may bring its own request (`sut: {reboot: {http: {url: ...}}}`), which goes before both. An address gets a
    POST of `{"station": ..., "name": ..., "arguments": {...}}`, and its answer, as JSON or text, is the answer.
    A command gets the name of what is wanted as its first argument and the arguments as JSON as its second, after the
    station's identity. What it prints, as JSON or text, is the answer; a status other than 0 means that it could not.
    """

    sut_command: str = ""
    operator_command: str = ""
    tokens: frozenset[str] = frozenset()
    assume: bool = False
    """Whether the other side is taken to be set up as the scenarios need it."""
    values: Mapping[str, Any] = field(default_factory=dict)

    def need(self, part: str, word: str, branch: Branch) -> None:
        """Somebody or something must be able to do `word`. Raises NotMet."""
        ours = CHARGE_POINT if part == "operator" else _under_test(branch)
        if ours in branch.play.stages:
            return
        if _brings_its_own(branch.play.scenario, part, word):
            return
        if part == "operator" and not self.operator_command and not sys.stdin.isatty():
            raise NotMet(f"nobody can {word} (--operator COMMAND)")
        if part == "sut" and not self.sut_command:
            raise NotMet(f"nobody can {word} for the system under test (--sut COMMAND)")

    def assumed(self, part: str, need: str, value: Any) -> None:
        """A need of a side that is not ours is met when the user says so. Raises NotMet."""
        token = str(value["token"] if isinstance(value, dict) else value)
        if self.assume or part == "station" or (need == "token" and token in self.tokens):
            return
        what = f"token {token}" if need == "token" else need
        status = f" with status {value['status']}" if isinstance(value, dict) and "status" in value else ""
        raise NotMet(f"the {part} must have {what}{status}; say --tokens NAME={token}, or --assume-needs")

    async def sut(self, branch: Branch, name: str, arguments: Mapping[str, Any], within: float) -> Any:
        """What the system under test answers. Raises NotMet without a hook."""
        stage = branch.play.stages.get(_under_test(branch))
        asked, arguments = _apart(arguments)
        if stage is not None:
            return await _ours(stage, branch, name, arguments)
        if asked is not None:
            return await http_hook.request(name, asked)
        if not self.sut_command:
            raise NotMet(f"nobody can ask the system under test: {name} (--sut COMMAND)")
        return await _told(self.sut_command, branch.station, name, arguments, within)

    async def operator(self, branch: Branch, name: str, arguments: Mapping[str, Any], within: float) -> Any:
        """Have somebody act at the station. Raises NotMet without a hook."""
        stage = branch.play.stages.get(CHARGE_POINT)
        asked, arguments = _apart(arguments)
        if stage is not None:
            return await stage.act(name, branch.station, arguments)
        if asked is not None:
            return await http_hook.request(name, asked)
        if self.operator_command:
            return await _told(self.operator_command, branch.station, name, arguments, within)
        if not sys.stdin.isatty():
            raise NotMet(f"nobody is there to {name} (--operator COMMAND)")
        words = " ".join([name, *(f"{key}={value}" for key, value in arguments.items())])
        sys.stderr.write(f"\nat {branch.station}, please: {words}   (Enter when done, 'no' if you cannot) ")
        sys.stderr.flush()
        said = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        if said.strip().lower() in ("no", "n") or not said:
            raise NotMet(f"the operator could not {words}")
        return None


def _apart(arguments: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, Mapping[str, Any]]:
    """The request that a step brings along, and the arguments for those who need none."""
    asked = arguments.get("http")
    rest = {name: value for name, value in arguments.items() if name != "http"}
    return (asked, rest) if isinstance(asked, Mapping) else (None, arguments)


def _brings_its_own(scenario: Scenario, part: str, word: str) -> bool:
    """Whether the steps that need `word` say how to ask for it."""
    return any(
        isinstance(body, Table) and body.get("http") is not None
        for step in every_step((*scenario.given, *scenario.steps, *scenario.finally_))
        if step.verb == part and isinstance(what := step.arguments.get("what"), Table)
        for name, body in what
        if name.text == word
    )


async def _told(hook: str, station: str, name: str, arguments: Mapping[str, Any], within: float) -> Any:
    if not http_hook.is_address(hook):
        return await _shell(hook, station, name, arguments, within)
    asked = {"station": station, "name": name, "arguments": dict(arguments)}
    return await http_hook.request(name, {"url": hook, "json": asked, "timeout": within})


def _under_test(branch: Branch) -> str:
    return CSMS if branch.play.view == CHARGE_POINT else CHARGE_POINT


async def _ours(stage: Stage, branch: Branch, name: str, arguments: Mapping[str, Any]) -> Any:
    """A system of ours: first as a question, then as something to do."""
    station = str(arguments.get("station", branch.station))
    if stage.role == CSMS:
        from shared.scenario.stage import Broken

        try:
            return stage.ask(name, station)
        except Broken:
            action, payload = await stage.act("build", station, {"name": name, "options": dict(arguments)})
            return await stage.act("call", station, {"action": action, "payload": payload})
    return await stage.act(name, branch.station, arguments)


async def _shell(command: str, station: str, name: str, arguments: Mapping[str, Any], within: float) -> Any:
    process = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        f'{command} "$@"',
        "hook",
        station,
        name,
        json.dumps(dict(arguments), default=str),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(within):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise NotMet(f"the hook did not {name} within {within:g} s") from None
    if process.returncode:
        said = err.decode(errors="replace").strip().splitlines()
        raise NotMet(f"the hook could not {name}: {said[-1] if said else f'status {process.returncode}'}")
    text = out.decode(errors="replace").strip()
    try:
        return json.loads(text)
    except ValueError:
        return text
