#!/bin/sh
# Sets up a new machine: a virtual environment with the locked packages, Pango for WeasyPrint, and
# HarfBuzz-Subset, without which PDFs are as good but their bytes differ from those on other machines.
# Called by `make`; skips what is already done. PYTHON=… chooses the interpreter.
set -eu

say() { printf '%s\n' "$*" >&2; }
fail() { say "setup: $*"; exit 1; }

suits() { "$1" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3 python; do
        if command -v "$candidate" >/dev/null 2>&1 && suits "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then sudo -n "$@"
    else return 1
    fi
}

has_pango() {
    .venv/bin/python -c 'import weasyprint' >/dev/null 2>&1
}

has_subset() {
    .venv/bin/python -c 'from weasyprint.text.ffi import harfbuzz_subset as h; raise SystemExit(h is None)' \
        >/dev/null 2>&1
}

packages="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"

apt_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    say "setup: installing $*"
    { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "$@"; } >.venv/apt.log 2>&1
}

install_pango() {
    case "$(uname -s)" in
        Darwin)
            command -v brew >/dev/null 2>&1 && brew install pango && return
            fail "WeasyPrint needs Pango, found none. Install Homebrew, then run: brew install pango" ;;
    esac
    apt_install $packages && return
    command -v apt-get >/dev/null 2>&1 && fail "WeasyPrint needs Pango, found none. Run: sudo apt-get install $packages"
    fail "WeasyPrint needs Pango 1.44 or later, found none. Install it with your system's package manager \
(Fedora: dnf install pango; Arch: pacman -S pango; Alpine: apk add pango)."
}

if [ ! -x .venv/bin/python ] || ! suits .venv/bin/python; then
    python=$(find_python) || fail "needs Python 3.11 or later, found none. Install it, or name it: make PYTHON=/path/to/python3.11 …"
    say "setup: virtual environment with $python"
    rm -rf .venv
    "$python" -m venv .venv >&2 || { rm -rf .venv; fail "$python cannot make a virtual environment. On Debian and Ubuntu run: sudo apt-get install python3-venv"; }
fi
say "setup: installing the locked packages (once; torch is the large one)"
# torch first: with this release in place, nothing else asks for another build of it.
.venv/bin/python -m pip install --quiet --disable-pip-version-check "$(grep '^torch==' requirements.lock)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
has_pango || install_pango
has_pango || fail "WeasyPrint still does not load. This says why: .venv/bin/python -c 'import weasyprint'"
has_subset || apt_install libharfbuzz-subset0 || say "setup: without HarfBuzz-Subset, PDFs are valid, but their bytes \
differ from those on other machines. To get the same bytes, install it (Debian and Ubuntu: sudo apt-get install \
libharfbuzz-subset0)"
