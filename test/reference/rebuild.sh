#!/usr/bin/env bash
# Rebuilds every golden file with the reference tools, in a fresh Python environment. Afterwards `git diff` says what moved:
# the bytes of torch/refused/legacy.bin and program.bin do, for torch writes addresses and dates into them.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=$(mktemp -d)
sources=$(mktemp -d) # of tools that are too old to install
trap 'rm -rf "$venv" "$sources"' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet -r test/reference/requirements.txt
python="$venv/bin/python"
"$venv/bin/pip" download --quiet --no-deps --no-binary :all: --dest "$sources" -r test/reference/sources.txt
for archive in "$sources"/*.tar.gz; do tar -xzf "$archive" -C "$sources"; done
scripts=test/reference
export PYTHONHASHSEED=0 # PEFT writes target modules in the order of a set

"$python" $scripts/pythonRandom.py > test/text/golden/pythonRandom.json
"$python" $scripts/tokenizerGoldens.py test/text/golden/tokenizers
"$python" $scripts/models.py test/model/golden
"$python" $scripts/architectures.py test/model/golden/architectures
"$python" $scripts/schedules.py "$sources" > test/model/golden/schedules.json
"$python" $scripts/curves.py test/model/golden
scaler="$sources/deepspeed-0.8.3/deepspeed/runtime/fp16/loss_scaler.py"
"$python" $scripts/lossScales.py "$scaler" > test/model/golden/half/lossScales.json
"$python" $scripts/halves.py "$scaler" test/model/golden
"$python" $scripts/torchFiles.py test/model/golden
npm exec -- node $scripts/writtenAdapter.ts test/model/golden/written
"$python" $scripts/merges.py test/model/golden
"$python" $scripts/choiceMetrics.py > test/stages/golden/choiceMetrics.json
"$python" $scripts/fewShot.py > test/stages/golden/fewShot.json
"$python" $scripts/choices.py test/stages/golden test/text/golden/tokenizers
"$python" $scripts/harnessFiles.py test/stages/golden test/text/golden/tokenizers
"$python" $scripts/choicesApart.py "$sources" test/stages/golden test/text/golden/tokenizers
"$python" $scripts/columns.py test/source/golden/columns
