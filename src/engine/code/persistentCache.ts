/** Findings about code kept in a folder, one small file each: a plan over unchanged code parses nothing. */
import * as Layer from "effect/Layer"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { CodeCache, type KeptFingerprint, type Shelf } from "./CodeCache.ts"
import type { ModuleAnalysis } from "./ModuleAnalysis.ts"

/**
 * Keeps findings in a folder. A file that was cut short or altered is taken for absent; a folder that cannot be written
 * costs time, never a result.
 */
export const codeCacheLayer = (folder: string): Layer.Layer<never> =>
  Layer.succeed(CodeCache, {
    analyses: shelf<ModuleAnalysis>(join(folder, "analyses")),
    fingerprints: shelf<KeptFingerprint>(join(folder, "fingerprints")),
    closedTexts: shelf<string>(join(folder, "functions"))
  })

const shelf = <A>(folder: string): Shelf<A> => ({
  get: (key) => read(join(folder, key)),
  put: (key, finding) => write(folder, key, sealed(JSON.stringify(finding)))
})

const checksum = (body: string): string => createHash("sha256").update(body).digest("hex")

const sealed = (body: string): string => `${checksum(body)}\n${body}`

const read = <A>(path: string): A | undefined => {
  try {
    const text = readFileSync(path, "utf8")
    const body = text.slice(text.indexOf("\n") + 1)
    // The checksum says that the text was written here, whole; so it has the type that was written.
    return text === sealed(body) ? JSON.parse(body) : undefined
  } catch {
    return undefined
  }
}

const write = (folder: string, name: string, text: string): void => {
  const temporary = join(folder, `${name}.${process.pid}`)
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(temporary, text)
    renameSync(temporary, join(folder, name))
  } catch {
    if (existsSync(temporary)) rmSync(temporary)
  }
}
