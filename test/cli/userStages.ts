/** Stages as users write them, good and bad: each a file of a project, with a function for pipelines. */

const header = `
import { anyTable, apply, MeasurementResult, someFiles, stage, type Table, valueOf } from "tanren"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { appendFileSync, existsSync } from "node:fs"
const None = Schema.Struct({})
`

/** A stage over rows: `body` is a function's body that returns an effect of its outputs. */
const overRows = (name: string, body: string): string => `${header}
const ${name}Stage = stage({
  name: "${name}", module: import.meta.url, computes: false, config: Schema.Struct({ name: Schema.String }),
  inputs: { rows: anyTable }, outputs: { rows: anyTable },
  run: ({ rows }, config) => { ${body} }
})
export const ${name} = (name: string) => <Row>(rows: Table<Row>): Table<Row> =>
  apply(${name}Stage, { config: { name }, inputs: { rows }, schemas: { rows: rows.schema }, label: name }).rows
`

/** A stage that waits, once it has said so in the file "NAME.started", until the file "NAME.go" is there. */
export const gate = overRows(
  "gate",
  `
  return Effect.gen(function*() {
    appendFileSync(config.name + ".started", "x")
    while (!existsSync(config.name + ".go")) yield* Effect.sleep(10)
    return { rows: rows.batches }
  })`
)

/** A gate that reads the files in "rows" itself. */
export const reader = `${header}
const readerStage = stage({
  name: "reader", module: import.meta.url, computes: false, config: Schema.Struct({ name: Schema.String }),
  inputs: { files: someFiles }, outputs: { count: valueOf(Schema.Int) },
  run: ({ files }, config) => Effect.gen(function*() {
    appendFileSync(config.name + ".started", "x")
    while (!existsSync(config.name + ".go")) yield* Effect.sleep(10)
    return { count: files.entries.length }
  })
})
export const reader = (name: string) => apply(readerStage, {
  config: { name },
  inputs: { files: { kind: "files", origin: { kind: "external", folder: "rows", patterns: ["*.json"] } } },
  schemas: {},
  label: name
}).count
`

/** A stage that gives some rows, and waits like a gate before it gives more. */
export const stutter = overRows(
  "stutter",
  `
  const wait = Effect.gen(function*() {
    appendFileSync(config.name + ".started", "x")
    while (!existsSync(config.name + ".go")) yield* Effect.sleep(10)
  })
  const many = Stream.flatMap(Stream.range(1, 200), () => rows.batches)
  return Effect.succeed({ rows: many.pipe(Stream.concat(Stream.fromEffectDrain(wait)), Stream.concat(many)) })`
)

/** A stage with a bug. */
export const throwing = overRows("throwing", `throw new TypeError("rows.size is not a function")`)

/** A stage that forgets its output. */
export const forgetful = overRows("forgetful", `return Effect.succeed({} as never)`)

/** A stage that fails as a stage should. */
export const failing = overRows(
  "failing",
  `
  return Effect.fail({ _tag: "NoSun", message: "The sun did not rise. Wait for another day." })`
)

/** The score of a table: how many rows it has. */
export const counting = `${header}
const countingStage = stage({
  name: "counting", module: import.meta.url, computes: false, config: None,
  inputs: { rows: anyTable }, outputs: { score: valueOf(MeasurementResult) },
  run: ({ rows }) => Effect.succeed({
    score: { scores: [{ name: "rows", value: rows.rows, standardError: null, better: "higher" as const }] }
  })
})
export const counting = (rows: Table<unknown>) =>
  apply(countingStage, { config: {}, inputs: { rows }, schemas: {} }).score
`

/** A stage that tells how many of its kind were at work together, and waits until there were as many as it is told. */
export const crowd = `${header}
let working = 0
let most = 0
const crowdStage = stage({
  name: "crowd", module: import.meta.url, computes: false,
  config: Schema.Struct({ index: Schema.Int, together: Schema.Int }),
  inputs: { rows: anyTable }, outputs: { most: valueOf(Schema.Int) },
  run: (_, { together }) => Effect.gen(function*() {
    working += 1
    most = Math.max(most, working)
    while (most < together) yield* Effect.sleep(10)
    yield* Effect.sleep(10)
    working -= 1
    return { most }
  })
})
export const crowd = (rows: Table<unknown>, index: number, together: number) =>
  apply(crowdStage, { config: { index, together }, inputs: { rows }, schemas: {}, label: "crowd " + index }).most
`

/** A pipeline over the rows in "rows/*.json", which `statements` may use, and the record given to `experiment`. */
export const pipelineOf = (statements: string, definition: string, stages: ReadonlyArray<string> = []): string => `
import { atLeast, calmPrompt, experiment, filter, format, holdOut, InstructionRow, load, near, pipe } from "tanren"
${stages.map((name) => `import { ${name} } from "./${name}.ts"`).join("\n")}
const rows = load.files({ files: "rows/*.json", row: InstructionRow })
${statements}
export default experiment("data", ${definition})
`
