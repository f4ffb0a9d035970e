/** `tanren verify`: decide from the committed record, without data or models, whether the experiment is reproduced. */
import * as Effect from "effect/Effect"
import { describe } from "../../engine/expectations.ts"
import { resolveExternal } from "../../engine/external.ts"
import type { Recipe, Source } from "../../engine/Recipe.ts"
import { verify, type Verdict } from "../../engine/record/verify.ts"
import { describe as describeChange } from "../../engine/why.ts"
import { OnnxRuntime } from "../../runtime/OnnxRuntime.ts"
import type { Output } from "../Output.ts"
import { type ExitCode, exitCodes } from "../exitCodes.ts"
import { readRecord } from "../recordFile.ts"

const codes: { readonly [K in Verdict["kind"]]: ExitCode } = {
  reproduced: exitCodes.done,
  wrong: exitCodes.expectationMissed,
  stale: exitCodes.stale,
  missing: exitCodes.missing,
  altered: exitCodes.altered
}

const conclusions: { readonly [K in Verdict["kind"]]: string } = {
  reproduced: "reproduced: the record holds what this code and config give, and every expectation is met",
  wrong: "wrong: the record is of this code and config, and an expectation is missed",
  stale: "stale: the record was made with other code, config or data; run and record again",
  missing: "missing: the record lacks results of this experiment; run and record again",
  altered: "altered: the record is not what a run wrote; record again"
}

/** Files that are not here cannot be looked at: the record's word stands. */
const digestNow = (root: string) => (source: Extract<Source, { readonly kind: "external" }>) =>
  resolveExternal(root, source.files, source.as).pipe(
    Effect.map(({ digest }) => digest),
    Effect.orElseSucceed(() => null)
  )

const tell = ({ altered, judged, missing, stale }: Verdict, output: Output) =>
  Effect.gen(function* () {
    for (const reason of altered) yield* output.line(`altered: ${reason}`)
    for (const { changes, step } of stale) {
      yield* output.line(`${step}:`)
      if (changes === null) yield* output.line("  the record knows no such step")
      for (const change of changes ?? []) yield* output.line(`  ${describeChange(change)}`)
    }
    if (missing.length > 0) yield* output.line(`missing: ${missing.join(", ")}`)
    for (const { expectation, measurement, met, model, score } of judged) {
      yield* output.line(
        `${met ? "✓" : "✗"} ${model}, ${measurement}: ${score ?? "no result"}, expected ${describe(expectation)}` +
          (expectation.source === null ? "" : ` (${expectation.source})`)
      )
    }
  })

export const verifyVerb = (recipe: Recipe, root: string, file: string, output: Output) =>
  Effect.gen(function* () {
    const { identity } = yield* OnnxRuntime
    const record = yield* readRecord(file)
    if (record === null) {
      yield* output.line(`missing: there is no record ${file}; make it with "tanren run", then "tanren record"`)
      yield* output.object({ event: "verified", verdict: "missing", file })
      return exitCodes.missing
    }
    const verdict = yield* verify(recipe, record, identity, digestNow(root))
    yield* tell(verdict, output)
    yield* output.line(conclusions[verdict.kind])
    yield* output.object({ event: "verified", verdict: verdict.kind, file, ...verdict })
    return codes[verdict.kind]
  })
