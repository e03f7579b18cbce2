"""docs/plug-and-charge.md: its scenario is there, what can be typed is understood, its options and switches exist."""

from __future__ import annotations

import re

from charge_point.definitions import definitions
from charge_point.terminal import Terminal
from csms.authority import CertificateAuthority
from csms.contracts import answer
from csms.options import CsmsOptions, resolve
from csms.revocation import Revocations
from scripts.processes import ROOT
from shared.option_fields import options_of
from shared.scenario.load import shipped
from shared.versions import V21
from tests.charge_point.wired import Wired

PAGE = (ROOT / "docs" / "plug-and-charge.md").read_text(encoding="utf-8")


def lines(language: str) -> list[str]:
    """What stands in the fenced blocks of one language."""
    return "".join(re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)).splitlines()


def test_its_commands_are_understood() -> None:
    scenario, csms = lines("sh")
    assert scenario.removeprefix("python -m csms run ") in shipped()
    options = resolve(csms.removeprefix("python -m csms ").split(), {})
    assert (options.certificate_authority, options.contracts) == ("generated", 3)


async def test_what_is_typed_at_the_station_has_a_contract_installed() -> None:
    at = Wired(V21)
    made = CertificateAuthority(1)
    at.script["Get15118EVCertificate"] = lambda request: answer(
        made, Revocations(made), request, at.station.clock.time()
    )
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": "NoChargingProfile"}
    await at.start()
    prompt = Terminal(at.station, None, lambda: None).prompt
    (typed,) = lines("station")
    assert "usage" not in await prompt.obey(typed)
    await at.settle(2)
    assert [one["idToken"]["type"] for one in at.of("Authorize")] == ["eMAID"]
    assert at.station.evses[0].meter.watts > 0
    await at.end()


def test_its_options_and_switches_exist() -> None:
    flags = {flag for flag in re.findall(r"`(--[a-z-]+)", PAGE) if flag != "--ev"}
    assert flags <= {each.flag for each in options_of(CsmsOptions)}
    known = {row.variable for row in definitions(V21) if row.component == "ISO15118Ctrlr"}
    switches = PAGE.split("Switches: ")[1].split("\n\n")[0]
    named = set(re.findall(r"[A-Z]\w+", switches.replace("ISO15118Ctrlr.", ""))) - {"CountryName"}
    assert len(named) >= 5
    assert named <= known
