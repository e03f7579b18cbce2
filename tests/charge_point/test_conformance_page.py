"""The page that says which test goes through which case of the test suites."""

from __future__ import annotations

import pytest

from scripts import docs_conformance as docs


def test_the_page_is_what_the_tests_say() -> None:
    assert docs.unknown(docs.found()) == []
    assert docs.PAGE.read_text("utf-8") == docs.page(), "run scripts/docs_conformance.py"


def test_this_file_takes_no_station_through_anything() -> None:
    assert [id for id, tests in docs.found().items() for test in tests if test.file in __name__] == []


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("test_tc_b_06_07__it_is_so", {"B_06", "B_07"}),
        ("test_tc_d_01_to_03__it_is_so", {"D_01", "D_02", "D_03"}),
        ("test_tc_h_03_04_tc_048_2__it_is_so", {"H_03", "H_04", "048", "048_2"}),
        ("test_tc_l_01__tc_080__it_is_so", {"L_01", "080"}),
        ("test_tc_n_11_to_n_13_n_37__it_is_so", {"N_11", "N_12", "N_13", "N_37"}),
        ("test_tc_k_113_and_114_it_is_so", {"K_113", "K_114"}),
        ("test_tc_c_50_csms_it_is_so", set()),
        ("test_a_tc_is_no_case", set()),
    ],
)
def test_a_name_says_which_cases(name: str, ids: set[str]) -> None:
    assert docs.in_name(name) == ids


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ('ids=["TC_M_07", "TC_078_CS"]', {"M_07", "078"}),
        ("# TC_M_03, _04, _16-_18", {"M_03", "M_04", "M_16", "M_17", "M_18"}),
        (
            "TC_C_109-TC_C_112, TC_R_104 to 106",
            {"C_109", "C_110", "C_111", "C_112", "R_104", "R_105", "R_106"},
        ),
        ("TC_K_12_CSMS and TC-B09", set()),
    ],
)
def test_a_text_says_which_cases(text: str, ids: set[str]) -> None:
    assert docs.in_text(text) == ids
