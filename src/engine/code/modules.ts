/** Modules read from disk and analysed, each once in a process while its file stays as it is. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { extname } from "node:path"
import { analyse } from "./analyse.ts"
import { CodeCache } from "./CodeCache.ts"
import { CodeFailure } from "./Errors.ts"
import { analysisVersion, type ModuleAnalysis } from "./ModuleAnalysis.ts"
import { isSyntaxFailure, loadParser, type SyntaxFailure, withoutTypes } from "./parser.ts"
import { shortPath } from "./resolve.ts"
import { openView, type View } from "./View.ts"

export interface Module {
  readonly path: string
  readonly modifiedMs: number
  readonly analysis: ModuleAnalysis
}

/** By path, each good while its file keeps its signature. */
const known = new Map<string, { readonly module: Module; readonly signature: string }>()

const typescript: ReadonlySet<string> = new Set([".ts", ".mts"])
const javascript: ReadonlySet<string> = new Set([".js", ".mjs"])

/** Whether a file is an ES module by its name; anything else that is reached counts by all of its bytes. */
export const isCode = (path: string): boolean => typescript.has(extname(path)) || javascript.has(extname(path))

/** Reads and analyses the module at a path. The parser is loaded only for a text that the cache has not seen. */
export const readModule = (view: View, path: string): Effect.Effect<Module, CodeFailure> =>
  Effect.gen(function* () {
    const seen = view.see(path)
    if (seen === null) return yield* unread(view, path, "is not there")
    const before = known.get(path)
    if (before?.signature === seen.signature) return before.module
    const bytes = yield* Effect.try({
      try: () => readFileSync(path),
      catch: (cause) => unread(view, path, `cannot be read (${cause instanceof Error ? cause.message : String(cause)})`)
    })
    // What was read must be what was seen: a fingerprint is kept with the latter.
    if (openView().see(path)?.signature !== seen.signature) return yield* unread(view, path, "changed meanwhile")
    const analysis = isCode(path) ? yield* analysisOf(view, path, bytes) : yield* opaque(view, path, bytes)
    const module: Module = { path, modifiedMs: seen.modifiedMs, analysis }
    known.set(path, { module, signature: seen.signature })
    return module
  })

const unread = (view: View, path: string, problem: string): CodeFailure =>
  new CodeFailure({
    module: shortPath(view, path),
    line: null,
    found: `the file ${problem}`,
    remedy: "Restore the file, or remove what imports it; then run again."
  })

const analysisOf = (view: View, path: string, bytes: Uint8Array): Effect.Effect<ModuleAnalysis, CodeFailure> =>
  Effect.gen(function* () {
    const { analyses } = yield* CodeCache
    const typed = typescript.has(extname(path))
    const hash = createHash("sha256").update(`${analysisVersion} ${typed}\n`).update(bytes).digest("hex")
    const cached = analyses.get(hash)
    if (cached !== undefined) return cached
    const source = new TextDecoder().decode(bytes)
    const plain = typed ? withoutTypes(source) : source
    if (isSyntaxFailure(plain)) return yield* unreadable(view, path, plain)
    const analysis = analyse(yield* loadParser, plain)
    if (isSyntaxFailure(analysis)) return yield* unreadable(view, path, analysis)
    analyses.put(hash, analysis)
    return analysis
  })

const unreadable = (view: View, path: string, { line, problem }: SyntaxFailure): CodeFailure =>
  new CodeFailure({
    module: shortPath(view, path),
    line,
    found: `the text is not a module that Node can run (${problem})`,
    remedy: "Correct it, and write TypeScript whose types can be erased."
  })

/** A file that is no ES module, such as JSON: one declaration, its default export. */
const opaque = (view: View, path: string, bytes: Uint8Array): Effect.Effect<ModuleAnalysis, CodeFailure> =>
  extname(path) === ".cjs"
    ? Effect.fail(
        new CodeFailure({
          module: shortPath(view, path),
          line: null,
          found: "a CommonJS module, whose exports cannot be known without running it",
          remedy: "Write it as an ES module."
        })
      )
    : Effect.succeed({
        declarations: [
          {
            names: ["default"],
            text: createHash("sha256").update(bytes).digest("hex"),
            shown: null,
            references: [],
            refusals: []
          }
        ],
        effects: null,
        effectImports: [],
        exports: { default: { kind: "local", name: "default" } },
        stars: [],
        stages: []
      })
