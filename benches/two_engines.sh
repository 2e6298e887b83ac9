#!/usr/bin/env bash
# Asks the gateway and two engines of CQL about 300 made-up people of each trial (or as many as are given), and counts.
# What they need is installed into target/peers, as ./test does.
set -euo pipefail
cd "$(dirname "$0")/.."
peers=$(realpath -m "${CARGO_TARGET_DIR:-target}/peers")
tests/it/peers/prepare "$peers"
TRIALGATE_CQL_PEOPLE=${1:-300} TRIALGATE_PEERS=$peers cargo test --release --locked --test it -- peers::cql --nocapture
