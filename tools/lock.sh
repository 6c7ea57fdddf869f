#!/usr/bin/env bash
# Resolve requirements/*.txt: exact versions and hashes, no addresses, for Python ≥ 3.11 on any platform.
# Each list is held to the versions of those before it, so that they can share one environment.
set -euo pipefail
uv=${UV:-uv}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

resolve() {
  local target=$1 fresh=$folder/${1##*/}
  shift
  CUSTOM_COMPILE_COMMAND="make lock" $uv --quiet pip compile --upgrade --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-annotate --no-header --output-file "$fresh" "$@"
  cmp -s "$fresh" "$target" || cp "$fresh" "$target" # unchanged, it keeps its time, and nothing is installed anew
  echo "· $target: $(grep -c '==' "$target") packages"
}

resolve requirements/uv.txt requirements/uv.in
resolve requirements/run.txt pyproject.toml
resolve requirements/build.txt -c requirements/run.txt requirements/build.in
resolve requirements/test.txt -c requirements/run.txt -c requirements/build.txt requirements/test.in
resolve requirements/docs.txt requirements/docs.in
for client in requirements/official-*.in; do # the brokers' own clients, each in an environment of its own
  resolve "${client%.in}.txt" "$client"
done
