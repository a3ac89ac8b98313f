#!/bin/sh
# Make the virtual environment with exactly what requirements.txt pins, and see to what the packaged
# MongoDB needs from the system: installed when root, else one line that says what to run.
set -eu

fail() {
    echo "setup: $1" >&2
    exit 1
}

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || fail \
    "Python 3.11 or newer is needed, and '$PYTHON' is not (Ubuntu 22.04's own is 3.10): install one and run make PYTHON=python3.11"

missing=""
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || missing="python3-venv"
if [ "$(uname -s)-$(uname -m)" = "Linux-x86_64" ] && [ -z "${MONGODB_URI:-}" ] &&
    ! command -v mongod >/dev/null; then
    "$PYTHON" -c 'import ctypes; ctypes.CDLL("libcurl.so.4")' 2>/dev/null || missing="$missing libcurl4"
fi
if [ -n "$missing" ]; then
    install="apt-get update && apt-get install -y $missing"
    command -v apt-get >/dev/null || fail "install these packages of your system first: $missing"
    [ "$(id -u)" = 0 ] || fail "run this first: sudo sh -c '$install'"
    echo "setup: installing $missing"
    sh -c "$install" >/dev/null || fail "this failed: $install"
fi
command -v "${CHROMIUM_PATH:-chromium}" chromium-browser >/dev/null || echo \
    "setup: no Chromium is found; users' posts, hashtags, comments and searches need one: apt-get install chromium"

echo "setup: making $VENV (a minute or two)"
[ -x "$VENV/bin/pip" ] || "$PYTHON" -m venv --clear "$VENV"
"$VENV/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt
