#!/usr/bin/env bash
# Kills each way in so many times at random moments (50 when silent), and compares what is kept with a run that was never killed.
# usage: benches/kills.sh [TIMES] [cargo's words, such as --release]      (PostgreSQL too, where TRIALGATE_TEST_POSTGRES names one)
set -euo pipefail
cd "$(dirname "$0")/.."
times=${1:-50}; shift || true
TRIALGATE_KILLS=$times cargo test --locked "$@" --test it -- program::kills program::messages::kills --test-threads 1
