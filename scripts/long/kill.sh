#!/usr/bin/env bash
# Kills `rulec run --state` at any moment, again and again: scripts/long/kill.sh [KILLS [SEED]]
set -euo pipefail
cd "$(dirname "$0")/../.."
RULEC_ROUNDS=${1:-200} RULEC_SEED=${2:-1} exec cargo test --release --locked --test kill -- --nocapture
