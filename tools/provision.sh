#!/usr/bin/env bash
# What the tests need from the system: the servers of PostgreSQL and Redis, and Chromium with fonts that know ₹.
# As root on Debian or Ubuntu the missing ones are installed; otherwise this says what to install, and fails.
set -euo pipefail

has_postgres() { command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' || compgen -G '/opt/homebrew/opt/postgresql*/bin/initdb'; }
has_redis() { command -v redis-server; }
has_chromium() {
  command -v chromium || command -v chromium-browser || command -v google-chrome || command -v google-chrome-stable ||
    [[ -n ${TUNEFOLIO_CHROMIUM:-} && -x ${TUNEFOLIO_CHROMIUM} ]] || [[ -d "/Applications/Google Chrome.app" ]]
}
has_fonts() { ! command -v fc-list >/dev/null || [[ -n $(fc-list :charset=20b9 family 2>/dev/null) ]]; }

missing=()
has_postgres >/dev/null || missing+=(postgresql)
has_redis >/dev/null || missing+=(redis-server)
has_chromium >/dev/null || missing+=(chromium)
has_fonts || missing+=(fonts-noto-core fonts-liberation)
((${#missing[@]})) || exit 0

if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
  echo "· installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # Debian's packages would start servers of their own, for good; the tests start theirs, for a while.
  no_server=/etc/postgresql-common/createcluster.d/tunefolio-tests.conf
  mkdir -p "${no_server%/*}"
  no_service=/usr/sbin/policy-rc.d # asked by Debian's packages whether a service may start: 101 is no
  if [[ ! -e $no_service ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$no_service" && chmod +x "$no_service"
  else
    no_service=
  fi
  trap 'rm -f "$no_server" ${no_service:+"$no_service"}' EXIT
  echo 'create_main_cluster = false' >"$no_server"
  [[ " ${missing[*]} " != *" chromium "* ]] || missing+=(fonts-noto-core fonts-liberation)
  log=$(mktemp)
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$log" 2>&1 || { tail -20 "$log" >&2; exit 1; }
  rm -f "$log"
  exit 0
fi

cat >&2 <<MESSAGE
The tests need system packages that are missing here: ${missing[*]}
  Debian, Ubuntu:  sudo apt-get install --no-install-recommends ${missing[*]}
  Fedora:          sudo dnf install postgresql-server redis chromium google-noto-sans-fonts
  macOS:           brew install postgresql@17 redis && brew install --cask google-chrome
Chromium in an unusual place: TUNEFOLIO_CHROMIUM=/path/to/chrome make test
MESSAGE
exit 1
