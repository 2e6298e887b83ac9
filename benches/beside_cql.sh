#!/usr/bin/env bash
# The Java CQL engine and this one on the same 300 patients and 15 criteria, both in memory, one after the other.
# benches/beside_cql.sh TOOLS WORK: TOOLS holds gen_data.py and cql/ (Maven, Java 17); WORK is a scratch folder.
set -euo pipefail
tools=$1 work=$2
mkdir -p "$work/data"
[ -s "$work/data/Observation.ndjson" ] || python3 "$tools/gen_data.py" "$work/data" 300 100
rm -rf "$work/cql" && cp -r "$tools/cql" "$work/cql"
(cd "$work/cql" && mvn -q compile dependency:build-classpath -Dmdep.outputFile=cp.txt)
echo "Java, pass by pass until it is warm:"
(cd "$work/cql" && java -Xmx1500m -cp "target/classes:$(cat cp.txt)" CqlBench "$work/data" elig.cql elig.json 300) | tail -n 3
echo "trialgate:"
cargo run --release --locked --quiet --example beside_cql "$work/data" 300
