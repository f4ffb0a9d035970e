/** `tanren check`: everything in the store is read, and what is damaged is named and, if asked for, removed. */
import * as Effect from "effect/Effect"
import { checkStore, type Findings } from "../../store/checkStore.ts"
import { byteText, countText } from "../byteText.ts"
import { exitCodes } from "../exitCodes.ts"
import type { Output } from "../Output.ts"

interface Problem {
  readonly kind: string
  readonly name: string
  readonly reason: string
}

const problemsOf = ({ broken, damaged, incomplete, torn, unreadable }: Findings): ReadonlyArray<Problem> => [
  ...damaged.map((name) => ({ kind: "object", name, reason: "its bytes are not those that were stored" })),
  ...unreadable.map((name) => ({ kind: "result", name, reason: "its record cannot be read" })),
  ...incomplete.map((name) => ({ kind: "result", name, reason: "an object of it is damaged or missing" })),
  ...torn.map(({ key }) => ({ kind: "checkpoint", name: key, reason: "its bytes are not those that were kept" })),
  ...broken.map((name) => ({ kind: "piece", name, reason: "its record or an object of it is damaged or missing" }))
]

export const checkVerb = (repair: boolean, output: Output) =>
  Effect.gen(function* () {
    const findings = yield* checkStore(repair)
    const problems = problemsOf(findings)
    for (const { kind, name, reason } of problems) {
      yield* output.line(`✗ ${kind} ${name}: ${reason}`)
      yield* output.object({ damage: kind, name, reason })
    }
    const { bytes, checkpoints, objects, pieces, records } = findings
    const counts = [
      countText(records, "result"),
      countText(objects, "object"),
      countText(checkpoints, "checkpoint"),
      countText(pieces, "piece")
    ]
    const verdict =
      problems.length === 0
        ? "all sound"
        : `${problems.length} damaged, ${repair ? "removed: the next run makes them again" : 'which "--repair" removes'}`
    yield* output.line(`${counts.join(", ")} (${byteText(bytes)}): ${verdict}`)
    yield* output.object({
      event: "done",
      results: records,
      objects,
      checkpoints,
      pieces,
      bytes,
      damaged: problems.length,
      repair
    })
    return problems.length === 0 || repair ? exitCodes.done : exitCodes.altered
  })
