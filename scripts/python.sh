#!/bin/sh
# Prints the first interpreter that can make the project's environment; says what is missing when there is none.
set -eu
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        "$candidate" -c 'import sys; print(sys.executable)'
        exit 0
    fi
done
echo "No Python 3.11 or newer with the venv module was found." >&2
echo "Install one (on Debian: apt-get install python3 python3-venv) or name it: make setup PYTHON=/path/to/python3" >&2
exit 1
