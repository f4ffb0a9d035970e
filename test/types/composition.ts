/**
 * Compositions that must not compile. The type checker reads this file, nothing runs it: an `@ts-expect-error` above a line that does
 * compile is itself an error, so each of these is a test that can fail.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import {
  aModel,
  anyTable,
  apply,
  atLeast,
  calmPrompt,
  calmQuestionPrompt,
  choiceTask,
  compare,
  evalChoices,
  evalPerplexity,
  experiment,
  filter,
  format,
  generate,
  holdOut,
  InstructionRow,
  load,
  loraTrain,
  model,
  near,
  OnnxRuntime,
  pipe,
  type PromptedRow,
  QuestionRow,
  report,
  type Split,
  stage,
  type Table,
  tableOf,
  tokenize,
  type TokenRow,
  valueOf
} from "../../stages/index.ts"

const base = model.folder("base")
const rows = load.files({ files: "rows.json", row: InstructionRow })
const questions = load.files({ files: "questions.json", row: QuestionRow })
const tokens = pipe(rows, format({ template: calmPrompt }), tokenize({ model: base, maxLength: 128 }))
const settings = {
  base,
  rank: 4,
  alpha: 16,
  targets: ["query_key_value"],
  epochs: 1,
  batchSize: 8,
  learningRate: 3e-4,
  seed: 42
} as const
const perplexity = evalPerplexity({ template: calmQuestionPrompt })(questions)

// What does compile, with the types that it has.
const split: Split<TokenRow> = pipe(
  rows,
  filter({ name: "short", keep: (row) => row.output.length < 100 }),
  holdOut({ rows: 10, seed: 1 }),
  filter({ name: "not empty", keep: (row) => row.instruction !== "" }),
  format({ template: calmPrompt }),
  tokenize({ model: base, maxLength: 128 })
)
const tuned = loraTrain(settings)(split)
export const twiceTuned = loraTrain({ ...settings, base: tuned })(tokens)
const published = model.adapted(model.hub("owner/base", { revision: "main" }), { id: "owner/lora", revision: "main" })
const fetched: Table<InstructionRow> = load.hub("owner/rows", {
  revision: "main",
  files: "*.json",
  row: InstructionRow
})
export const asIfTuned = loraTrain({ ...settings, base: published })(
  pipe(fetched, format({ template: calmPrompt }), tokenize({ model: published, maxLength: 128 }))
)
const results = compare({ base, tuned }, { perplexity })
export default experiment("types", { results, expect: { tuned: { perplexity: near(10, { relative: 0.1 }) } } })

// @ts-expect-error a name on the Hub without the revision that it means
model.hub("owner/base", {})

// @ts-expect-error a table where a model belongs
model.adapted(rows, { folder: "lora" })

// @ts-expect-error an address without the rows that are behind it
load.http("https://example.org/rows.json", {})

// @ts-expect-error a column that no row has
filter<Table<InstructionRow>>({ name: "wrong", keep: (row) => row.translation === "" })

// @ts-expect-error a column that an earlier stage dropped
pipe(rows, format({ template: calmPrompt }), format({ template: calmPrompt }))

// @ts-expect-error questions have no instruction, input and output
pipe(questions, format({ template: calmPrompt }))

// @ts-expect-error rows that are not formatted have no prompt
pipe(rows, tokenize({ model: base, maxLength: 128 }))

// @ts-expect-error text is not tokens
pipe(rows, format({ template: calmPrompt }), loraTrain(settings))

// @ts-expect-error a table where a model belongs
loraTrain({ ...settings, base: rows })

// @ts-expect-error a table where a model belongs
perplexity(rows)

// @ts-expect-error a model where a table belongs
pipe(base, holdOut({ rows: 10, seed: 1 }))

// @ts-expect-error a config field is missing
loraTrain({ base, rank: 4, alpha: 16, targets: ["query_key_value"], epochs: 1, batchSize: 8, seed: 42 })

// @ts-expect-error a config field that there is not
loraTrain({ ...settings, rnak: 4 })

// @ts-expect-error no module to adapt
loraTrain({ ...settings, targets: [] })

// @ts-expect-error a schedule that there is not
loraTrain({ ...settings, schedule: "cosine" })

// @ts-expect-error a split table has no rows of its own to split again
pipe(rows, holdOut({ rows: 10, seed: 1 }), holdOut({ rows: 10, seed: 1 }))

// @ts-expect-error the template names a column that the questions lack
evalPerplexity({ template: calmPrompt })(questions)

choiceTask({
  name: "labels",
  document: "{question}",
  label: "answer",
  choices: [
    { label: "yes", text: "はい" },
    { label: "no", text: "いいえ" }
  ],
  documents: questions,
  // @ts-expect-error examples without the document's column
  examples: rows
})

choiceTask({
  name: "one choice",
  document: "{question}",
  label: "answer",
  // @ts-expect-error one choice is no choice
  choices: [{ label: "yes", text: "はい" }],
  documents: questions,
  examples: questions
})

// @ts-expect-error the number of examples is missing
evalChoices({ task: choiceTask })

// @ts-expect-error no gap of that name in the template
generate({ template: calmPrompt, column: "question", questions: ["?"], maxTokens: 8 })

// @ts-expect-error an expectation of a model that is not compared
experiment("wrong", { results, expect: { tunned: { perplexity: atLeast(1) } } })

// @ts-expect-error an expectation of a measurement that is not made
experiment("wrong", { results, expect: { tuned: { accuracy: atLeast(1) } } })

const answers = generate({ template: calmPrompt, column: "instruction", questions: ["?"], maxTokens: 8 })
experiment("wrong", {
  results: compare({ base }, { answers }),
  // @ts-expect-error free answers are no score
  expect: { base: { answers: atLeast(1) } }
})

// @ts-expect-error a report of what is no result
report({ title: "wrong" })({ results: { base } })

stage({
  name: "reads a file",
  module: import.meta.url,
  computes: false,
  config: Schema.Struct({}),
  inputs: { rows: anyTable },
  outputs: { text: valueOf(Schema.String) },
  run: () =>
    // @ts-expect-error a stage cannot ask for the file system
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      return { text: yield* Effect.orDie(files.readFileString("secret")) }
    })
})

stage({
  name: "computes without saying so",
  module: import.meta.url,
  computes: false,
  config: Schema.Struct({}),
  inputs: { model: aModel },
  outputs: { provider: valueOf(Schema.String) },
  // @ts-expect-error only a stage with `computes: true` may ask for the runtime
  run: () => Effect.map(OnnxRuntime, ({ identity }) => ({ provider: identity.provider }))
})

const Counted = Schema.Struct({ count: Schema.Int })
const counting = stage({
  name: "count",
  module: import.meta.url,
  computes: false,
  config: Schema.Struct({ column: Schema.String }),
  inputs: { rows: anyTable },
  outputs: { rows: tableOf(Counted) },
  run: ({ rows }) => Effect.succeed({ rows: Stream.succeed([{ count: rows.rows }]) })
})

// @ts-expect-error an output of the wrong row
stage({ ...counting, run: () => Effect.succeed({ rows: Stream.succeed([{ total: 1 }]) }) })

// @ts-expect-error an output is missing
stage({ ...counting, run: () => Effect.succeed({}) })

// @ts-expect-error the config of a user's stage is checked too
apply(counting, { config: { colunm: "output" }, inputs: { rows }, schemas: {} })

// @ts-expect-error an input port is not connected
apply(counting, { config: { column: "output" }, inputs: {}, schemas: {} })

export const counted: Table<{ readonly count: number }> = apply(counting, {
  config: { column: "output" },
  inputs: { rows },
  schemas: {}
}).rows

// @ts-expect-error its rows are counts, not prompts
export const wrongRows: Table<PromptedRow> = counted
