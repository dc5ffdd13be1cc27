#!/usr/bin/env bash
# Runs the engine with its store on a simulated disk that crashes: scripts/long/simulate.sh [SCHEDULES]
# A schedule that fails prints its seed; `RULEC_SEED=17 cargo test --test state_sim` runs it again.
set -euo pipefail
cd "$(dirname "$0")/../.."
RULEC_ROUNDS=${1:-50000} exec cargo test --release --locked --test state_sim -- --nocapture what_comes_back
