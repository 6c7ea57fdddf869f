#!/usr/bin/env bash
# Make the private environment $1 with the first Python ≥ 3.11 found (or the one named by $PYTHON).
set -euo pipefail
venv=$1
usable='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'

for python in ${PYTHON:-python3.11 python3 python3.12 python3.13 python3.14 python}; do
  if "$python" -c "$usable" >/dev/null 2>&1; then
    echo "· making $venv with $("$python" --version)"
    rm -rf "$venv"
    exec "$python" -m venv "$venv"
  fi
done

cat >&2 <<'MESSAGE'
TuneFolio needs Python 3.11 or newer, with its venv module, and found none.
  Debian, Ubuntu:  apt-get install python3 python3-venv
  Fedora:          dnf install python3.11
  macOS:           brew install python@3.11
A Python in an unusual place can be named:  make run PYTHON=/path/to/python3
MESSAGE
exit 1
