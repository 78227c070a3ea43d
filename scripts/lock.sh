#!/bin/sh
# Refreshes the lock files: versions and hashes, and no address of any registry.
# Why not uv.lock: docs/decisions/0001-lock-files-without-addresses.md
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .cache/bootstrap/bin/uv)

compile() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links "$@"
}

compile pyproject.toml --output-file requirements.lock ${UPGRADE:+--upgrade}
compile --group build --constraints requirements.lock --output-file requirements-build.lock ${UPGRADE:+--upgrade}
compile pyproject.toml --group dev --constraints requirements.lock --constraints requirements-build.lock \
    --output-file requirements-dev.lock ${UPGRADE:+--upgrade}

if grep -nE '://|--index-url|--find-links' requirements*.lock; then
    echo "A lock file holds an address." >&2
    exit 1
fi
