#!/usr/bin/env bash
# Every test, on SQLite and PostgreSQL and in headless Chromium. COVER=yes: counted, and each room held to its
# share; counting takes a fifth of the time, so `make prove` does it. Ends on pytest's own closing line. Three
# workers on two cores: a journey waits for its browser and its house most of the time.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
log=$(mktemp)
trap 'rm -f "$log"' EXIT

rm -f .coverage .coverage.* coverage.json
counting=()
[[ ${COVER:-no} == yes ]] && counting=(--cov --cov-report=)
$bin/python -m pytest -n "${WORKERS:-3}" --dist loadfile --no-loadscope-reorder "${counting[@]}" --durations 10 "$@" 2>&1 | tee "$log"
tested=${PIPESTATUS[0]}

covered=0
if [[ ${COVER:-no} == yes ]]; then
  echo
  echo "coverage by room"
  $bin/coverage json -q -o coverage.json && $bin/python tools/coverage_gate.py coverage.json
  covered=$?
fi

grep -E '^=+ .*(passed|failed|error|no tests ran).* =+$' "$log" | tail -1
exit $((tested || covered))
