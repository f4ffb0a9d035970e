/** Writes an adapter for PEFT to load: node test/reference/writtenAdapter.ts FOLDER */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { writtenAdapter } from "../model/writtenAdapter.ts"

const [, , folder] = process.argv
if (folder === undefined) throw new Error("Say the folder to write to.")
mkdirSync(folder, { recursive: true })
for (const [path, bytes] of Object.entries(writtenAdapter)) writeFileSync(join(folder, path), bytes)
