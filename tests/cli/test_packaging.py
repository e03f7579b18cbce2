"""Wheel and sdist: they build, hold what they must and nothing else, and work in an empty environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts.processes import ROOT, Program, environment, url_of

PACKAGES = ("csms", "charge_point", "shared")


def _run(argv: Sequence[str | Path], cwd: Path, **env: str) -> str:
    ended = subprocess.run(
        [str(part) for part in argv],
        cwd=cwd,
        env=environment(**env),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel, made of the sdist, made of a copy of the tree. Nothing is downloaded."""
    pytest.importorskip("build")
    source = tmp_path_factory.mktemp("packaging") / "source"
    kept = [*PACKAGES, "pyproject.toml", "README.md", "LICENSE", "scripts", "tests", "docs"]
    source.mkdir()
    for name in kept:
        origin = ROOT / name
        if origin.is_dir():
            shutil.copytree(origin, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, source / name)
    folder = source.parent / "dist"
    _run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source], source.parent)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of scripts of an environment into which nothing but the wheel was installed.

    What it depends on is lent by the environment that the tests run in, behind everything else on the path.
    """
    home = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(home, with_pip=False, symlinks=os.name != "nt")
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", scripts / "python", "--no-input"]
    _run([*pip, "install", "--no-index", "--no-deps", "--quiet", wheel], home, PIP_NO_CACHE_DIR="1")
    where = sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)})
    Path(where, "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return scripts


def test_the_wheel_holds_the_three_packages_with_their_data_and_nothing_else(
    built: Path, wheel: Path
) -> None:
    """A kind of file that is new among the packages needs its place in [tool.setuptools.package-data]."""
    source = built.parent / "source"
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {
        path.relative_to(source).as_posix()
        for package in PACKAGES
        for path in (source / package).rglob("*")
        if path.is_file()
    }
    assert names == wanted
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    assert "charge_point/standard_variables.csv" in names


def test_its_metadata_say_what_pyproject_says(wheel: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    archive = zipfile.ZipFile(wheel)
    (folder,) = {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name}
    metadata = archive.read(f"{folder}/METADATA").decode()
    assert f"Name: {project['name']}\n" in metadata
    assert f"Version: {project['version']}\n" in metadata
    assert "License-Expression: Apache-2.0\n" in metadata
    assert f"Requires-Python: {project['requires-python']}\n" in metadata
    assert f"{folder}/licenses/LICENSE" in archive.namelist()
    needed = [
        line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line
    ]
    assert len(needed) == len(project["dependencies"])


def test_the_sdist_holds_what_the_wheel_is_made_of(built: Path, wheel: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    made = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert made <= held
    assert {"pyproject.toml", "README.md", "LICENSE"} <= held


@pytest.mark.parametrize("script", ["ocpp-csms", "ocpp-charge-point"])
def test_a_script_tells_its_help_and_version_in_an_empty_environment(
    installed: Path, tmp_path: Path, script: str
) -> None:
    assert _run([installed / script, "--help"], tmp_path).startswith("usage: ")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"ocpp-mock-pair {version}" in _run([installed / script, "--version"], tmp_path)


def test_the_packages_come_from_the_environment_and_not_from_this_tree(
    installed: Path, tmp_path: Path
) -> None:
    code = "import csms, charge_point, shared; print(csms.__file__, charge_point.__file__, shared.__file__)"
    files = _run([installed / "python", "-c", code], tmp_path).split()
    assert all(Path(file).is_relative_to(installed.parent) for file in files), files


def test_both_scripts_make_a_session_from_a_folder_with_another_shared(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "__init__.py").write_text("")
    csms = Program([str(installed / "ocpp-csms"), "--port", "0", "--strict"], cwd=tmp_path)
    with csms:
        argv = [str(installed / "ocpp-charge-point"), "--csms", url_of(csms), "--sessions", "1"]
        with Program([*argv, "--duration", "0.1", "--strict"], cwd=tmp_path) as station:
            assert station.end() == 0, station.said
        assert csms.stop() == 0, csms.said
