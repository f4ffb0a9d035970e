/** What both sides of a benchmark of rows read: rows as JSON Lines, and a tokenizer trained on some of them. */
import { closeSync, existsSync, openSync, renameSync, rmSync, writeSync } from "node:fs"
import { join } from "node:path"
import type { Tools } from "../harness/tools.ts"
import { syntheticRows } from "./syntheticRows.ts"

export interface Prepared {
  /** A file of rows. */
  readonly rows: string
  /** A folder with tokenizer.json. */
  readonly tokenizer: string
}

const chunk = 2 ** 20

/** Appends rows to a file that may not be there yet. */
export const appendRows = (file: string, count: number, seed: number): void => {
  const handle = openSync(file, "a")
  let lines = ""
  for (const row of syntheticRows(seed).take(count)) {
    lines += `${JSON.stringify(row)}\n`
    if (lines.length < chunk) continue
    writeSync(handle, lines)
    lines = ""
  }
  writeSync(handle, lines)
  closeSync(handle)
}

const writeRows = (file: string, count: number): void => {
  const unfinished = `${file}.unfinished`
  rmSync(unfinished, { force: true })
  appendRows(unfinished, count, 1)
  renameSync(unfinished, file)
}

/** Makes what is not there yet. */
export const prepareRows = async (tools: Tools, count: number): Promise<Prepared> => {
  const folder = tools.folder("rows")
  const rows = join(folder, `${count}.jsonl`)
  const tokenizer = tools.folder("rows/tokenizer")
  if (!existsSync(rows)) {
    tools.say(`writing ${count.toLocaleString("en-US")} rows`)
    writeRows(rows, count)
  }
  const trained = join(tokenizer, "tokenizer.json")
  if (!existsSync(trained)) {
    tools.say("training a byte-level BPE of 50,000 tokens")
    await tools.measure(tools.python("peers/trainTokenizer.py", { rows, most: 20_000, size: 50_000, to: trained }))
  }
  return { rows, tokenizer }
}
