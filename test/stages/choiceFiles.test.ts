/** Choice results come in the form of lm-eval's own files, with its figures. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { choiceFiles, choicesIn } from "../../stages/choiceFiles.ts"
import { ChoicePrompt } from "../../stages/choicePrompts.ts"
import { choiceTask } from "../../stages/choiceTask.ts"
import { ChoiceAnswer, evalChoices } from "../../stages/evalChoices.ts"
import { agree, equal } from "../agreement/agreement.ts"
import { Runtime, tableReader } from "../model/support.ts"
import { givenTable, rowsIn, rowsOf, tinyModel, tinyWorld, valueIn, worldOf } from "./evaluate.ts"
import golden from "./golden/harness.json" with { type: "json" }

const Row = Schema.Struct({ sentence: Schema.String, label: Schema.String })
const rows = givenTable("rows", Row)
const [first = "", second = "", third = ""] = golden.choices
const task = choiceTask({
  name: "capitals",
  document: "{sentence}",
  label: "label",
  choices: [
    { label: "0", text: first },
    { label: "1", text: second },
    { label: "2", text: third }
  ],
  documents: rows,
  examples: rows
})
const labelled = golden.rows.map(({ label, sentence }) => ({ sentence, label: String(label) }))
const world = worldOf(tinyWorld("byteLevel"), rowsIn("rows", labelled, Row))

/** The files of one model's results under a name that no file may have, as text. */
const written = Effect.gen(function* () {
  const capitals = evalChoices({ task, shots: 0, encoding: "joint" })(tinyModel("byteLevel"))
  const reported = choicesIn({ "tiny/one": { capitals } })
  const files = yield* choiceFiles(reported, [
    {
      result: yield* valueIn(capitals, world),
      prompts: tableReader(yield* rowsOf(capitals.prompts, world), ChoicePrompt),
      answers: tableReader(yield* rowsOf(capitals.answers, world), ChoiceAnswer)
    }
  ])
  return new Map(
    yield* Effect.forEach(Object.entries(files), ([path, content]) =>
      Effect.map(
        content instanceof Uint8Array ? Effect.succeed([content]) : Stream.runCollect(content),
        (parts) => [path, Buffer.concat([...parts]).toString()] as const
      )
    )
  )
})

const Sample = Schema.fromJsonString(
  Schema.StructWithRest(
    Schema.Struct({
      doc_id: Schema.Int,
      target: Schema.String,
      arguments: Schema.Unknown,
      filter: Schema.String,
      metrics: Schema.Array(Schema.String),
      acc: Schema.Finite,
      acc_norm: Schema.Finite,
      resps: Schema.Array(Schema.NonEmptyArray(Schema.NonEmptyArray(Schema.String)))
    }),
    [Schema.Record(Schema.String, Schema.Unknown)]
  )
)

/** What the files of a run of lm-eval say of the machine, the time and itself. */
const aboutTheRun =
  /^(git_hash|date|pretty_env_info|.*_version|upper_git_hash|tokenizer_.*|eot_token_id|max_length|task_hashes|system_.*|chat_.*|fewshot_as_multiturn|model_name_sanitized|total_evaluation_time_seconds)$/

layer(Runtime)("files in lm-eval's form", (it) => {
  it.effect("have the keys of its summary, and its figures", () =>
    Effect.gen(function* () {
      const text = (yield* written).get("lm-eval/tiny%2fone/results_tanren.json") ?? "{}"
      const summary = JSON.parse(text)
      assert.includeMembers(
        Object.keys(summary),
        Object.keys(golden.keys).filter((key) => !aboutTheRun.test(key))
      )
      for (const part of ["results", "higher_is_better", "n-samples"] as const) {
        assert.includeMembers(Object.keys(summary[part].capitals), golden.taskKeys[part])
      }
      const { capitals } = golden.results
      const figures = ["acc,none", "acc_stderr,none", "acc_norm,none", "acc_norm_stderr,none"] as const
      agree(
        { tool: "lm_eval 0.4", what: "accuracies and their standard errors", within: 1e-12 },
        figures.map((name) => summary.results.capitals[name]),
        figures.map((name) => capitals[name])
      )
      assert.deepInclude(summary, { "n-shot": golden["n-shot"], "n-samples": golden["n-samples"] })
    })
  )

  it.effect("have its line for each question", () =>
    Effect.gen(function* () {
      const text = (yield* written).get("lm-eval/tiny%2fone/samples_capitals_tanren.jsonl") ?? ""
      const lines = text.trimEnd().split("\n")
      const found = lines.map((line) => Schema.decodeUnknownSync(Sample)(line)).toSorted((a, b) => a.doc_id - b.doc_id)
      assert.strictEqual(found.length, golden.samples.length)
      for (const [index, expected] of golden.samples.entries()) {
        const sample = found[index]
        if (sample === undefined) return assert.fail("a line is missing")
        assert.includeMembers(
          Object.keys(sample),
          Object.keys(expected).filter((key) => !key.endsWith("_hash"))
        )
        const said = ({
          acc,
          acc_norm,
          arguments: asked,
          doc_id,
          filter,
          metrics,
          target
        }: typeof expected | typeof sample) => ({
          doc_id,
          target,
          asked,
          filter,
          metrics,
          acc,
          acc_norm
        })
        equal({ tool: "lm_eval 0.4", what: "lines of its samples" }, said(sample), said(expected))
        const logs = (all: ReadonlyArray<ReadonlyArray<ReadonlyArray<string>>>) =>
          all.map((resps) => Number(resps[0]?.[0]))
        agree(
          { tool: "lm_eval 0.4", what: "log-probabilities in its samples", within: 5e-5 },
          logs(sample.resps),
          logs(expected.resps)
        )
      }
    })
  )
})
