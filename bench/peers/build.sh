#!/usr/bin/env bash
# Builds the peers' Python below bench/.work: one environment for torch and what stands on it, one for DVC, whose
# dependencies clash with theirs. TANREN_BENCH_PEERS and TANREN_BENCH_DVC may name environments that exist already.
set -euo pipefail
cd "$(dirname "$0")"

environment() { # folder, arguments of pip install
  python3 -m venv "$1"
  "$1/bin/pip" install --quiet "${@:2}"
}

work=../.work
mkdir -p "$work"
if [ -z "${TANREN_BENCH_PEERS:-}" ]; then
  # Torch comes first and alone: only its own index has the build for processors, and no other package is there.
  environment "$work/peers" --extra-index-url https://download.pytorch.org/whl/cpu "$(grep '^torch==' requirements.txt)"
  "$work/peers/bin/pip" install --quiet -r requirements.txt
fi
[ -n "${TANREN_BENCH_DVC:-}" ] || environment "$work/dvc" -r requirements-dvc.txt
