#!/usr/bin/env bash
# Server CPU per create, bundle entry and imported line, beside the floor server, alternating in one run;
# then an assessment alone, and the memory of an import by size of its file.
# usage: benches/beside_floor.sh TOOLS WORK [RUNS] [SECONDS]
#   TOOLS  folder with loadgen/, limits/ and gen_data.py (the floor server and the load generator)
#   WORK   a scratch folder; everything is built and kept there
#   GATE   (environment) a gateway that is built already
set -euo pipefail
tools=$(realpath "$1"); mkdir -p "$2"; work=$(realpath "$2"); runs=${3:-5}; secs=${4:-5}
root=$(cd "$(dirname "$0")/.." && pwd)
for crate in loadgen limits; do
  [ -d "$work/$crate" ] || cp -r "$tools/$crate" "$work/$crate"
  (cd "$work/$crate" && CARGO_TARGET_DIR="$work/target" cargo build --release -q $([ $crate = limits ] && echo --bin floor))
done
if [ -z "${GATE:-}" ]; then
  (cd "$root" && cargo build --release --locked -q --bin trialgate)
  GATE="${CARGO_TARGET_DIR:-$root/target}/release/trialgate"
fi
load="$work/target/release/loadgen"; floor="$work/target/release/floor"
[ -d "$work/data" ] || python3 "$tools/gen_data.py" "$work/data" 1000 100
head -20000 "$work/data/Observation.ndjson" > "$work/data/lines.ndjson"
export TRIALGATE_LOG=error
out="$work/beside_floor.jsonl"; : > "$out"
stop() { kill "$1" 2>/dev/null || true; wait "$1" 2>/dev/null || true; }
wait_for() { for _ in $(seq 400); do (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.05; done; echo "nothing listens on $1" >&2; exit 1; }

measure() { # label host:port path-create path-bundle pid
  "$load" "$2" postfiles "$4" "$work/data/bundles/tx_100" -c 8 -s "$secs" -p "$5" -l "$1 bundle" | tee -a "$out"
  "$load" "$2" post "$3" "$work/data/Observation.noid.ndjson" 20000 -c 32 -s "$secs" -p "$5" -l "$1 create" | tee -a "$out"
}

serve() { # label environment…
  local label=$1; shift
  rm -f "$work"/gate.db*
  env "$@" "$GATE" serve --listen 127.0.0.1:18091 --store "sqlite:$work/gate.db" > /dev/null & local pid=$!; wait_for 18091
  measure "$label" 127.0.0.1:18091 /fhir/Observation /fhir "$pid"
  stop "$pid"
}

# CPU and peak memory of an import of the first LINES lines, from a child of its own.
import() { # label lines
  head -"$2" "$work/data/Observation.ndjson" > "$work/data/part.ndjson"
  rm -f "$work"/gate.db*
  python3 - "$1" "$2" "$GATE" "$work" <<'PY' | tee -a "$out"
import json, resource, subprocess, sys
label, lines, gate, work = sys.argv[1:]
subprocess.run([gate, "import", "--json", "--store", f"sqlite:{work}/gate.db", f"{work}/data/part.ndjson"], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"label": label, "srv_cpu_us_per_res": round((used.ru_utime + used.ru_stime) * 1e6 / int(lines), 1), "peak_rss_mb": used.ru_maxrss // 1024}))
PY
}

for run in $(seq "$runs"); do
  rm -f "$work"/floor.db*
  "$floor" 18090 "$work/floor.db" FULL & pid=$!; wait_for 18090
  # The floor takes a file as one request; its CPU is counted in ticks of 10 ms, so the file is sent five times.
  for _ in 1 2 3 4 5; do "$load" 127.0.0.1:18090 bulk '/$import' "$work/data/lines.ndjson" -p "$pid" -l "floor line" | tee -a "$out"; done
  measure floor 127.0.0.1:18090 /Observation / "$pid"
  stop "$pid"
  import "gate line" 20000
  serve gate TRIALGATE__ASSESS=false
  serve "gate and assessor:" TRIALGATE__ASSESS=true
done

# Memory by size of the file.
import "import of 25,000 lines" 25000
import "import of 100,000 lines" 100000

# Assessments alone: 1,000 persons with 100 results and a diagnosis, taken without an assessor, then assessed.
rm -f "$work"/gate.db*
python3 - "$work" <<'PY'
import json, sys
with open(f"{sys.argv[1]}/data/Condition.ndjson", "w") as out:
    for p in range(1000):
        coded = lambda system, code: {"coding": [{"system": system, "code": code}]}
        out.write(json.dumps({"resourceType": "Condition", "id": f"c{p}", "subject": {"reference": f"Patient/p{p:05d}"}, "recordedDate": "2026-01-01",
            "clinicalStatus": coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
            "verificationStatus": coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
            "code": coded("http://snomed.info/sct", "89155008")}) + "\n")
PY
"$GATE" import --json --store "sqlite:$work/gate.db" "$work"/data/{Patient,Observation,Condition}.ndjson > /dev/null
python3 - "$GATE" "$work" <<'PY' | tee -a "$out"
import json, os, re, subprocess, sys, time, urllib.request
gate, work = sys.argv[1:]
def run():
    child = subprocess.Popen([gate, "serve", "--listen", "127.0.0.1:18092", "--store", f"sqlite:{work}/gate.db"], stdout=subprocess.DEVNULL)
    for _ in range(3000):
        time.sleep(0.1)
        try: text = urllib.request.urlopen("http://127.0.0.1:18092/metrics").read().decode()
        except OSError: continue
        if re.search(r"persons_waiting (\d+)", text).group(1) == "0": break
    ticks = open(f"/proc/{child.pid}/stat").read().rsplit(")", 1)[1].split()
    child.terminate(); child.wait()
    return (int(ticks[11]) + int(ticks[12])) * 1e6 / os.sysconf("SC_CLK_TCK")
busy, idle = run(), run()   # the second run has nobody to assess: what a start costs
print(json.dumps({"label": "assessment alone", "srv_cpu_us_per_res": round((busy - idle) / 1000, 1)}))
PY

python3 - "$out" <<'PY'
import re, statistics, sys
KEYS = ("srv_cpu_us_per_res", "res_per_s", "peak_rss_mb")
rows = {}
for line in open(sys.argv[1]):
    label = re.search(r'"label": ?"([^"]+)"', line).group(1)
    found = {key: re.search(rf'"{key}": ?([0-9.]+)', line) for key in KEYS}
    rows.setdefault(label, []).append({key: float(m.group(1)) for key, m in found.items() if m})
median = lambda label, key="srv_cpu_us_per_res": statistics.median(r[key] for r in rows[label])
for row in rows.get("floor line", []): row["srv_cpu_us_per_res"] /= 20000
print(f"{'':8} {'floor':>8} {'gateway':>8} {'ratio':>6}   and assessments")
for step in ("create", "bundle", "line"):
    floor, gate = median(f"floor {step}"), median(f"gate {step}")
    with_all = "" if step == "line" else f"{median(f'gate and assessor: {step}'):8.1f} us"
    print(f"{step:8} {floor:8.1f} {gate:8.1f} {gate / floor:6.1f}   {with_all}")
for label in ("gate create", "gate bundle"):
    print(f"{label}: {median(label, 'res_per_s'):.0f}/s, peak {median(label, 'peak_rss_mb'):.0f} MB")
for label in ("import of 25,000 lines", "import of 100,000 lines"):
    print(f"{label}: {median(label):.1f} us a line, peak {median(label, 'peak_rss_mb'):.0f} MB")
print(f"assessment alone: {median('assessment alone'):.0f} us")
PY
