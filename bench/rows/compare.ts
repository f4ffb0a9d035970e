/** Runs the way from JSON Lines to token ids, on one side or on both. */
import * as Schema from "effect/Schema"
import { rmSync } from "node:fs"
import { join } from "node:path"
import type { Command } from "../harness/measure.ts"
import type { Tools } from "../harness/tools.ts"
import type { Template } from "../../src/text/template.ts"
import { calmPrompt } from "../../src/text/prompts.ts"
import type { Prepared } from "./prepare.ts"

const maxLength = 256

/** What both sides report. */
export const Report = Schema.Struct({
  seconds: Schema.Finite,
  rows: Schema.Int,
  tokens: Schema.Int,
  digest: Schema.String
})

/** What Tanren reports besides: when tokenizing had done how many rows. */
export const TanrenReport = Report.pipe(
  Schema.fieldsAssign({ tokenized: Schema.Array(Schema.Tuple([Schema.Int, Schema.Finite])) })
)

const storeOf = (tools: Tools): string => join(tools.folder("rows"), "store")

/** With an empty store, or with the one that the run before left. */
export const tanrenCommand = (tools: Tools, prepared: Prepared, store: "empty" | "as left"): Command =>
  tools.node("tanren/rows.ts", { ...prepared, maxLength, store: storeOf(tools), empty: store === "empty" })

export const removeStore = (tools: Tools): void => rmSync(storeOf(tools), { recursive: true, force: true })

/** As Python's `format` reads it. */
const pythonTemplate = ({ columns, literals }: Template<string>): string =>
  literals.map((literal, i) => literal + (i < columns.length ? `{${columns[i]}}` : "")).join("")

export const peerCommand = (tools: Tools, prepared: Prepared, processes: number): Command =>
  tools.python("peers/rows.py", {
    ...prepared,
    maxLength,
    processes,
    templates: [calmPrompt.prompt, calmPrompt.whenEmpty?.prompt ?? calmPrompt.prompt].map(pythonTemplate)
  })
