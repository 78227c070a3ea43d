#!/bin/sh
# Makes or refreshes .venv from the lock files: `scripts/setup.sh runtime` or `scripts/setup.sh dev`.
# Uses uv where it is on PATH or can be had by pip, else pip alone; both read the same hashed lock files.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-dev}
venv=.venv
bootstrap=.cache/bootstrap

if command -v flock >/dev/null 2>&1; then  # two at once would tear one environment
    mkdir -p .cache
    exec 9>.cache/setup.lock
    flock 9
fi

if ! "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$(scripts/python.sh)
    echo "Making $venv with $("$python" --version)"
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi

find_uv() {
    if command -v uv >/dev/null 2>&1; then
        command -v uv
        return
    fi
    if [ ! -x "$bootstrap/bin/uv" ]; then
        rm -rf "$bootstrap"
        "$venv/bin/python" -m venv "$bootstrap" || return 1
        "$bootstrap/bin/python" -m pip install --quiet --disable-pip-version-check uv >&2 || return 1
    fi
    echo "$bootstrap/bin/uv"
}

# uv trusts a list of its own; behind a company's gateway the system's list is the right one.
UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-true}
export UV_SYSTEM_CERTS

# uv does not read pip's configuration; where pip was pointed at a mirror, uv shall use it too.
follow_pips_mirror() {
    mirror=${PIP_INDEX_URL:-$("$venv/bin/python" -m pip config get global.index-url 2>/dev/null || true)}
    if [ -n "$mirror" ] && [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        UV_DEFAULT_INDEX=$mirror
        export UV_DEFAULT_INDEX
    fi
}

install_with_uv() {
    uv=$(find_uv) || return 1
    follow_pips_mirror
    # shellcheck disable=SC2086
    "$uv" pip install --quiet --python "$venv/bin/python" --require-hashes $locks &&
        "$uv" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation --editable .
}

install_with_pip() {
    # shellcheck disable=SC2086
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes $locks &&
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
            --no-deps --no-build-isolation --editable .
}

case $kind in
    runtime) locks="--requirement requirements.lock --requirement requirements-build.lock" ;;
    dev) locks="--requirement requirements-dev.lock" ;;
    *) echo "usage: scripts/setup.sh runtime|dev" >&2; exit 2 ;;
esac

echo "Installing the locked $kind dependencies"
if ! install_with_uv; then
    echo "uv is not to be had or did not manage; going on with pip" >&2
    install_with_pip
fi
touch "$venv/.ready-$kind"
