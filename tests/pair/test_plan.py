"""The plan as a whole: each of its 65 cases has a test, and each test that bears a case's name is one of the plan's.

A test is named after its case: TC-B06-MCP is `test_tc_b06_mcp__...`, followed by what it shows.
"""

from __future__ import annotations

import inspect

from tests.pair import (
    test_plan_authorization,
    test_plan_commands,
    test_plan_connection,
    test_plan_interrupted,
    test_plan_messages,
    test_plan_registration,
    test_plan_sessions,
)

MODULES = (
    test_plan_authorization,
    test_plan_commands,
    test_plan_connection,
    test_plan_interrupted,
    test_plan_messages,
    test_plan_registration,
    test_plan_sessions,
)

CASES = """
    TC-B01 TC-B03 TC-B02
    TC-G02 TC-G01 TC-B06-MCP TC-J01 TC-P01 TC-A04 TC-L01-FW TC-N01-LOG TC-B07 TC-N02 TC-M01 TC-M06 TC-A03
    TC-F06-TRIGGER TC-C01-CACHE TC-B07-GBR TC-B06-GV TC-B05-SV TC-G03 TC-B11 TC-F05 TC-P02 TC-B09 TC-N01-GL TC-L01-UF
    TC-A02 TC-N02-CI TC-M04 TC-M03 TC-M05 TC-E14
    TC-F01 TC-F03 TC-F03b TC-E01-ATG TC-J02 TC-I01 TC-E01-DIRECT
    TC-C01-WL-OK TC-C01-WL-REJECT TC-E05-WL
    TC-C01-BL-OK TC-C01-BL-REJECT
    TC-C01-RL
    TC-C01-OFFLINE
    TC-CONN-01 TC-CONN-02
    TC-SIM-01 TC-SIM-02
    TC-PERIODIC
    TC-B12
    TC-ERR-01 TC-ERR-02 TC-ERR-03 TC-ERR-04
    TC-B04-OFFLINE TC-B04-OFFLINE-TXN
    TC-E-DOUBLE-START TC-E-STOP-NONE TC-B11-PENDING TC-ERR-05 TC-ERR-06
""".split()
"""The ids of the plan, a line or two for each of its 17 groups."""


def _tested() -> set[str]:
    return {
        name.partition("__")[0]
        for module in MODULES
        for name, function in vars(module).items()
        if name.startswith("test_") and inspect.iscoroutinefunction(function)
    }


def test_the_plan_has_65_cases() -> None:
    assert len(CASES) == len(set(CASES)) == 65


def test_every_case_of_the_plan_has_a_test_and_every_test_a_case() -> None:
    assert _tested() == {f"test_{case.lower().replace('-', '_')}" for case in CASES}
