#!/usr/bin/env bash
# Builds the peers' Python below bench/.work: one environment for torch and what stands on it, one for DVC, whose
# dependencies clash with theirs. TANREN_BENCH_PEERS and TANREN_BENCH_DVC may name environments that exist already.
set -euo pipefail
cd "$(dirname "$0")"

build() { # folder, requirements
  python3 -m venv "$1"
  "$1/bin/pip" install --quiet -r "$2"
}

work=../.work
mkdir -p "$work"
[ -n "${TANREN_BENCH_PEERS:-}" ] || build "$work/peers" requirements.txt
[ -n "${TANREN_BENCH_DVC:-}" ] || build "$work/dvc" requirements-dvc.txt
