#!/usr/bin/env bash
# Every test, on SQLite and PostgreSQL and in headless Chromium, with coverage; then the coverage of each room.
# Ends on pytest's own closing line.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
log=$(mktemp)
trap 'rm -f "$log"' EXIT

rm -f .coverage .coverage.* coverage.json
$bin/python -m pytest -n "${WORKERS:-2}" --dist worksteal --cov --cov-report= --durations 10 "$@" 2>&1 | tee "$log"
tested=${PIPESTATUS[0]}

echo
echo "coverage by room"
$bin/coverage json -q -o coverage.json && $bin/python tools/coverage_gate.py coverage.json
covered=$?

grep -E '^=+ .*(passed|failed|error|no tests ran).* =+$' "$log" | tail -1
exit $((tested || covered))
