#!/usr/bin/env bash
# Makes docs/conformance.tsv and docs/conformance.md anew: ours, the official JSON schema, and the HAPI validator.
# usage: benches/conformance.sh SHARED WORK
#   SHARED  the folder with material/ and tools/hapi-validator/ (needs Java 17, and Maven once)
#   WORK    a scratch folder
set -euo pipefail
shared=$(realpath "$1"); mkdir -p "$2"; work=$(realpath "$2"); cd "$(dirname "$0")/.."
rm -rf "$work/bodies"
cargo run --locked -q --example conformance -- bodies "$shared" "$work/bodies"
# It ends with 1 when there are errors, and there are.
"$shared/tools/hapi-validator/validate" "$work/bodies" > "$work/hapi.txt" || [ $? = 1 ]
cargo run --locked -q --example conformance -- table "$shared" "$work/hapi.txt"
if grep -n UNEXPLAINED docs/conformance.tsv; then
  echo "differences that fixtures/conformance/reasons.toml does not explain" >&2
  exit 1
fi
