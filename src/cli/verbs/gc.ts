/** `tanren gc`: what no run needs any more leaves the store. */
import * as Effect from "effect/Effect"
import { collectGarbage } from "../../store/collectGarbage.ts"
import type { Options } from "../arguments.ts"
import { byteText, countText } from "../byteText.ts"
import { exitCodes } from "../exitCodes.ts"
import type { Output } from "../Output.ts"

const millisecondsOfHour = 3_600_000

export const gcVerb = ({ dry, grace, keep }: Options, output: Output) =>
  Effect.gen(function* () {
    const garbage = yield* collectGarbage({ runs: keep, pins: [], grace: grace * millisecondsOfHour, dry })
    const { actions, bytes, checkpoints, keptBytes, objects, pieces } = garbage
    for (const key of actions) yield* output.object({ garbage: "result", key })
    for (const key of pieces) yield* output.object({ garbage: "piece", key })
    for (const { digest, size } of objects) yield* output.object({ garbage: "object", digest, size })
    for (const { key, position, size } of checkpoints)
      yield* output.object({ garbage: "checkpoint", key, position, size })
    const counts = [
      countText(actions.length, "result"),
      countText(objects.length, "object"),
      countText(checkpoints.length, "checkpoint"),
      countText(pieces.length, "piece")
    ]
    yield* output.line(
      `${dry ? "would remove" : "removed"} ${counts.join(", ")}: ${byteText(bytes)}; ${byteText(keptBytes)} stay`
    )
    yield* output.object({
      event: "done",
      dry,
      results: actions.length,
      objects: objects.length,
      checkpoints: checkpoints.length,
      pieces: pieces.length,
      bytes,
      keptBytes
    })
    return exitCodes.done
  })
