#!/usr/bin/env bash
# A file system that is really full: a small tmpfs in a mount namespace of its own, filled by another file, and given room again.
# usage: benches/full_disk.sh PROGRAM      (needs root, or user namespaces)
set -euo pipefail
program=$(realpath "$1")
if [ "${FULL_DISK:-}" != inside ]; then
  [ "$(id -u)" = 0 ] && flags=-m || flags=-Urm
  FULL_DISK=inside exec unshare $flags "$0" "$program"
fi
disk=$(mktemp -d); mount -t tmpfs -o size=64m none "$disk"
touch "$disk.out"
TRIALGATE_LOG=error "$program" serve --listen 127.0.0.1:0 --store "sqlite:$disk/s.db" > "$disk.out" 2> "$disk.err" & pid=$!
trap 'kill $pid 2>/dev/null || true; wait $pid 2>/dev/null || true; rm -f "$disk.out" "$disk.err"' EXIT
until grep -q listens "$disk.out"; do sleep 0.05; done
base=$(sed 's/.* //' "$disk.out")/fhir
put() { curl -s -o /dev/null -w '%{http_code}' -X PUT -H 'Content-Type: application/fhir+json' -d "{\"resourceType\":\"Patient\",\"id\":\"p$1\"}" "$base/Patient/p$1"; }
get() { curl -s -o /dev/null -w '%{http_code}' "$base/Patient/p$1"; }
count() { sort | uniq -c | awk '{printf "%s x %s  ", $1, $2}'; echo; }
echo -n "with room, writes:     "; for n in $(seq 50); do put "$n"; echo; done | count
dd if=/dev/urandom of="$disk/other" bs=1M status=none 2> /dev/null || true
echo -n "disk full, writes:     "; for n in $(seq 100 300); do put "$n"; echo; done | count
echo -n "disk full, reads:      "; for n in $(seq 50); do get "$n"; echo; done | count
began=$(date +%s%N); rm "$disk/other"
until [ "$(put 999)" = 201 ]; do sleep 0.05; done
echo "room again: writes are taken after $(( ($(date +%s%N) - began) / 1000000 )) ms"
echo -n "afterwards, reads:     "; for n in $(seq 50) 999; do get "$n"; echo; done | count
kill -9 $pid; wait $pid 2>/dev/null || true
echo "integrity: $(python3 -c "import sqlite3,sys; print(sqlite3.connect(sys.argv[1]).execute('pragma integrity_check').fetchone()[0])" "$disk/s.db"); $("$program" audit verify --store "sqlite:$disk/s.db")"
