/** Modules read from disk and analysed, each once in a process while its file stays as it is. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { readFileSync, statSync } from "node:fs"
import { extname } from "node:path"
import { AnalysisCache } from "./AnalysisCache.ts"
import { analyse } from "./analyse.ts"
import { CodeFailure } from "./Errors.ts"
import { analysisVersion, type ModuleAnalysis } from "./ModuleAnalysis.ts"
import { isSyntaxFailure, loadParser, type SyntaxFailure, withoutTypes } from "./parser.ts"
import { shortPath } from "./resolve.ts"

export interface Module {
  readonly path: string
  readonly modifiedMs: number
  readonly analysis: ModuleAnalysis
}

interface Read {
  readonly module: Module
  readonly size: number
}

const known = new Map<string, Read>()

const typescript: ReadonlySet<string> = new Set([".ts", ".mts"])
const javascript: ReadonlySet<string> = new Set([".js", ".mjs"])

/** Whether a file is an ES module by its name; anything else that is reached counts by all of its bytes. */
export const isCode = (path: string): boolean => typescript.has(extname(path)) || javascript.has(extname(path))

/** Reads and analyses the module at a path. The parser is loaded only for a text that the cache has not seen. */
export const readModule = (path: string): Effect.Effect<Module, CodeFailure> =>
  Effect.gen(function*() {
    const { mtimeMs, size } = yield* reading(path, () => statSync(path))
    const before = known.get(path)
    if (before !== undefined && before.module.modifiedMs === mtimeMs && before.size === size) return before.module
    const bytes = yield* reading(path, () => readFileSync(path))
    const analysis = isCode(path) ? yield* analysisOf(path, bytes) : yield* opaque(path, bytes)
    const module: Module = { path, modifiedMs: mtimeMs, analysis }
    known.set(path, { module, size })
    return module
  })

const reading = <A>(path: string, read: () => A): Effect.Effect<A, CodeFailure> =>
  Effect.try({
    try: read,
    catch: (cause) =>
      new CodeFailure({
        module: shortPath(path),
        line: null,
        found: `the file cannot be read (${cause instanceof Error ? cause.message : String(cause)})`,
        remedy: "Restore the file, or remove what imports it."
      })
  })

const analysisOf = (path: string, bytes: Uint8Array): Effect.Effect<ModuleAnalysis, CodeFailure> =>
  Effect.gen(function*() {
    const cache = yield* AnalysisCache
    const typed = typescript.has(extname(path))
    const hash = createHash("sha256").update(`${analysisVersion} ${typed}\n`).update(bytes).digest("hex")
    const cached = cache.get(hash)
    if (cached !== undefined) return cached
    const source = new TextDecoder().decode(bytes)
    const plain = typed ? withoutTypes(source) : source
    if (isSyntaxFailure(plain)) return yield* unreadable(path, plain)
    const analysis = analyse(yield* loadParser, plain)
    if (isSyntaxFailure(analysis)) return yield* unreadable(path, analysis)
    cache.put(hash, analysis)
    return analysis
  })

const unreadable = (path: string, { line, problem }: SyntaxFailure): CodeFailure =>
  new CodeFailure({
    module: shortPath(path),
    line,
    found: `the text is not a module that Node can run (${problem})`,
    remedy: "Correct it, and write TypeScript whose types can be erased."
  })

/** A file that is no ES module, such as JSON: one declaration, its default export. */
const opaque = (path: string, bytes: Uint8Array): Effect.Effect<ModuleAnalysis, CodeFailure> =>
  extname(path) === ".cjs"
    ? Effect.fail(
      new CodeFailure({
        module: shortPath(path),
        line: null,
        found: "a CommonJS module, whose exports cannot be known without running it",
        remedy: "Write it as an ES module."
      })
    )
    : Effect.succeed({
      declarations: [{
        names: ["default"],
        text: createHash("sha256").update(bytes).digest("hex"),
        shown: null,
        references: [],
        refusals: []
      }],
      effects: null,
      effectImports: [],
      exports: { default: { kind: "local", name: "default" } },
      stars: [],
      stages: []
    })
