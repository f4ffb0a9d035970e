#!/usr/bin/env bash
# Runs what changed of the experiment in $FILE, verifies its committed record, and writes both into the job's summary.
# $MADE takes the record and report that this run made. Ends with the code of `tanren verify`, or of a run that failed.
set -uo pipefail

summary=${GITHUB_STEP_SUMMARY:-/dev/stdout}
record=${FILE%.*}.record.json
mkdir -p "$MADE"
read -r -a options <<<"${OPTIONS:-}"

tell() { printf '%s\n' "$@" >>"$summary"; }
fenced() { tell '```text'; cat >>"$summary"; tell '```' ''; }

# An expectation that is missed (3) is for the record to say; whatever else is not 0 ends here.
npx tanren run "$FILE" --json "${options[@]}" | tee "$MADE/run.jsonl"
ran=${PIPESTATUS[0]}
if [ "$ran" != 0 ] && [ "$ran" != 3 ]; then
  tell "## $FILE failed" ''
  tail -n 20 "$MADE/run.jsonl" | fenced
  exit "$ran"
fi

verdict=$(npx tanren verify "$FILE")
verified=$?
printf '%s\n' "$verdict"

npx tanren record "$FILE" "$MADE/$(basename "$record")"
tell "## $FILE: ${verdict##*$'\n'}" ''
printf '%s\n' "$verdict" | fenced
if [ -f "$record" ]; then
  tell '### This run beside the record' ''
  npx tanren diff "$record" "$MADE/$(basename "$record")" | fenced
fi

page=$(node -p '
  const lines = require("node:fs").readFileSync(process.argv[1], "utf8").trim().split("\n").map((line) => JSON.parse(line))
  lines.find(({ event }) => event === "done")?.report ?? ""
' "$MADE/run.jsonl")
if [ -n "$page" ]; then
  cp -R "$(dirname "$page")/." "$MADE/"
  [ -f "${page%.html}.md" ] && cat "${page%.html}.md" >>"$summary"
fi

exit "$verified"
