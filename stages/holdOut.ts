/** `holdOut` sets rows aside for validation, drawn by seed. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AnyRow, Split, Table } from "../src/pipeline/Artifact.ts"
import type { TableReader } from "../src/pipeline/Reader.ts"
import { anyTable, apply, stage } from "../src/pipeline/Stage.ts"
import { PythonRandom } from "../src/text/pythonRandom.ts"
import { NotEnoughRows } from "./Errors.ts"

const positive = Schema.Int.check(Schema.isGreaterThan(0))

/** The rows whose position in the table is chosen, or those whose is not. */
const select = (reader: TableReader<AnyRow>, chosen: ReadonlySet<number>, keepChosen: boolean) =>
  Stream.suspend(() => {
    let position = 0
    return Stream.map(reader.batches, (batch) => batch.filter(() => chosen.has(position++) === keepChosen))
  })

const holdOutStage = stage({
  name: "holdOut",
  module: import.meta.url,
  computes: false,
  config: Schema.Struct({ rows: positive, seed: Schema.Int }),
  inputs: { rows: anyTable },
  outputs: { training: anyTable, validation: anyTable },
  run: ({ rows }, config) =>
    Effect.gen(function* () {
      if (config.rows >= rows.rows) {
        return yield* new NotEnoughRows({ stage: "holdOut", asked: config.rows, rows: rows.rows })
      }
      const chosen = new Set(new PythonRandom(config.seed).sample(rows.rows, config.rows))
      return { training: select(rows, chosen, false), validation: select(rows, chosen, true) }
    })
})

/**
 * Splits a table: `rows` of it, drawn without replacement as CPython's `random.Random(seed).sample` draws positions, for
 * validation, the others for training. Both keep the table's order. Holds the drawn positions in memory.
 */
export const holdOut =
  (config: { readonly rows: number; readonly seed: number }) =>
  <Row>(table: Table<Row>): Split<Row> =>
    apply(holdOutStage, {
      config,
      inputs: { rows: table },
      schemas: { training: table.schema, validation: table.schema },
      estimate:
        async () =>
        ({ rows }, config) =>
          Effect.succeed({ rows: { training: rows.rows - config.rows, validation: config.rows } })
    })
