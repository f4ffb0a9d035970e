/** Small projects on disk, written for one test: what the code of a stage looks like to its fingerprint. */
import * as Effect from "effect/Effect"
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { type Fingerprint, fingerprint } from "../../src/engine/code/fingerprint.ts"
import type { CodeFailure } from "../../src/engine/code/Errors.ts"

/** Path to text. */
export type Files = { readonly [path: string]: string }

/** Writes the files into a folder of their own, which lives as long as the scope. */
export const project = (files: Files) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = realpathSync(mkdtempSync(join(tmpdir(), "tanren-code-")))
      for (const [path, text] of Object.entries({ "package.json": `{ "name": "project" }`, ...files })) {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        writeFileSync(join(folder, path), text)
      }
      return folder
    }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )

/** The fingerprint of the stage "work" in `main.ts` (or another file) of a project of these files. */
export const fingerprintOf = (files: Files, main = "main.ts"): Effect.Effect<Fingerprint, CodeFailure> =>
  Effect.scoped(
    Effect.flatMap(project(files), (folder) =>
      fingerprint({ module: pathToFileURL(join(folder, main)).href, name: "work" })
    )
  )

/** A file that declares the stage "work" with a body, after some other lines. */
export const stageFile = (imports: string, body: string): string =>
  `${imports}
const stage = <A>(definition: A): A => definition
export const work = stage({ name: "work", module: import.meta.url, run: async () => { ${body} } })
`
