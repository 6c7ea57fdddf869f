#!/usr/bin/env bash
# The gates that read code without running it. All of them run, so that one visit shows every fault.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
passed=0
failed=()

gate() {
  local name=$1 output
  shift
  local began=$SECONDS
  if output=$("$@" 2>&1); then
    printf '✓ %-14s %2d s\n' "$name" $((SECONDS - began))
    passed=$((passed + 1))
  else
    printf '✗ %-14s %2d s\n%s\n\n' "$name" $((SECONDS - began)) "$output"
    failed+=("$name")
  fi
}

gate "ruff check" $bin/ruff check --quiet .
gate "ruff format" $bin/ruff format --check --quiet --diff .
gate "mypy --strict" $bin/mypy --no-error-summary
gate "lint-imports" env PYTHONPATH=src $bin/lint-imports --no-logo

if ((${#failed[@]})); then
  echo "gates that failed: ${failed[*]}"
  echo "$passed passed, ${#failed[@]} failed"
  exit 1
fi
