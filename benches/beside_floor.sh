#!/usr/bin/env bash
# Server CPU per create, bundle entry and imported line, beside the floor server, alternating in one run.
# usage: benches/beside_floor.sh TOOLS WORK [RUNS] [SECONDS]
#   TOOLS  folder with loadgen/, limits/ and gen_data.py (the floor server and the load generator)
#   WORK   a scratch folder; everything is built and kept there
set -euo pipefail
tools=$(realpath "$1"); mkdir -p "$2"; work=$(realpath "$2"); runs=${3:-3}; secs=${4:-5}
root=$(cd "$(dirname "$0")/.." && pwd)
export CARGO_TARGET_DIR="$work/target"
for crate in loadgen limits; do
  [ -d "$work/$crate" ] || cp -r "$tools/$crate" "$work/$crate"
  (cd "$work/$crate" && cargo build --release -q $([ $crate = limits ] && echo --bin floor))
done
unset CARGO_TARGET_DIR
(cd "$root" && cargo build --release --locked -q --bin trialgate)
load="$work/target/release/loadgen"; floor="$work/target/release/floor"; gate="$root/target/release/trialgate"
[ -d "$work/data" ] || python3 "$tools/gen_data.py" "$work/data" 1000 100
head -20000 "$work/data/Observation.ndjson" > "$work/data/lines.ndjson"
out="$work/beside_floor.jsonl"; : > "$out"
stop() { kill "$1" 2>/dev/null || true; wait "$1" 2>/dev/null || true; }
wait_for() { for _ in $(seq 200); do (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.05; done; echo "nothing listens on $1" >&2; exit 1; }

measure() { # label host:port path-create path-bundle pid
  "$load" "$2" post "$3" "$work/data/Observation.noid.ndjson" "$offset" -c 32 -s "$secs" -p "$5" -l "$1 create" | tee -a "$out"
  "$load" "$2" postfiles "$4" "$work/data/bundles/tx_100" -c 8 -s "$secs" -p "$5" -l "$1 bundle" | tee -a "$out"
}

for run in $(seq "$runs"); do
  offset=$(( (run - 1) * 1000 ))
  rm -f "$work"/floor.db* "$work"/gate.db*
  "$floor" 18090 "$work/floor.db" FULL & pid=$!; wait_for 18090
  measure floor 127.0.0.1:18090 /Observation / "$pid"
  "$load" 127.0.0.1:18090 bulk '/$import' "$work/data/lines.ndjson" -p "$pid" -l "floor line" | tee -a "$out"
  stop "$pid"
  TRIALGATE_LOG=error "$gate" serve --listen 127.0.0.1:18091 --store "sqlite:$work/gate.db" > /dev/null & pid=$!; wait_for 18091
  measure gate 127.0.0.1:18091 /fhir/Observation /fhir "$pid"
  stop "$pid"
  rm -f "$work"/gate.db*
  python3 - "$gate" "$work" >> "$out" <<'PY'
import json, resource, subprocess, sys
gate, work = sys.argv[1:]
before = resource.getrusage(resource.RUSAGE_CHILDREN)
subprocess.run([gate, "import", "--json", "--store", f"sqlite:{work}/gate.db", f"{work}/data/lines.ndjson"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
after = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
print(json.dumps({"label": "gate line", "cpu_us_per_resource": round(cpu * 1e6 / 20000, 1), "rss_mb": after.ru_maxrss // 1024}))
PY
  tail -1 "$out"
done
python3 - "$out" <<'PY'
import re, statistics, sys
rows = {}
for line in open(sys.argv[1]):
    label = re.search(r'"label": ?"([^"]+)"', line).group(1)
    cpu = re.search(r'cpu_us_per_res(?:ource)?": ?([0-9.]+)', line)
    if cpu: rows.setdefault(label, []).append(float(cpu.group(1)))
# The floor takes the file as one request, so its figure is per file.
rows["floor line"] = [cpu / 20000 for cpu in rows["floor line"]]
for step in ("create", "bundle", "line"):
    floor, gate = (statistics.median(rows[f"{who} {step}"]) for who in ("floor", "gate"))
    print(f"{step:8} floor {floor:7.1f} us   gateway {gate:7.1f} us   ratio {gate / floor:4.1f}")
PY
