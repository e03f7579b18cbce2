# Sourced by the scripts beside it: makes .venv when it is missing or out of date, and sets $python.
# Needs nothing but Python >= 3.11 with venv, found as $PYTHON, python3 or python3.x.

cd "$(dirname "$0")/.." || exit 2

find_python() {
    for candidate in "${PYTHON:-}" python3 python python3.14 python3.13 python3.12 python3.11; do
        [ -n "$candidate" ] || continue
        command -v "$candidate" >/dev/null 2>&1 || continue
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue
        echo "$candidate"
        return 0
    done
    return 1
}

if [ -x .venv/bin/python ]; then python=.venv/bin/python; else python=.venv/Scripts/python; fi
stamp=.venv/installed-from

if ! [ -x "$python" ] || ! cmp -s pyproject.toml "$stamp"; then
    found=$(find_python) || { echo "scripts: Python 3.11 or newer was not found; set PYTHON to one" >&2; exit 2; }
    echo "setting up .venv with $("$found" --version) (once; about a minute)" >&2
    [ -x "$python" ] || "$found" -m venv .venv || exit 2
    if [ -x .venv/bin/python ]; then python=.venv/bin/python; else python=.venv/Scripts/python; fi
    "$python" -m pip install --quiet --disable-pip-version-check -e '.[dev]' || {
        echo "scripts: the installation failed; is a package index reachable?" >&2
        exit 2
    }
    cp pyproject.toml "$stamp"
fi
export PATH="$PWD/$(dirname "$python"):$PATH"
