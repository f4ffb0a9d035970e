/** Analyses of modules kept in a folder, one small file each: a plan over unchanged code parses nothing. */
import * as Layer from "effect/Layer"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { AnalysisCache } from "./AnalysisCache.ts"
import type { ModuleAnalysis } from "./ModuleAnalysis.ts"

/**
 * Keeps analyses in a folder. A file that was cut short or altered is taken for absent; a folder that cannot be written
 * costs time, never a result.
 */
export const analysisCacheLayer = (folder: string): Layer.Layer<never> =>
  Layer.succeed(AnalysisCache, {
    get: (contentHash) => read(join(folder, contentHash)),
    put: (contentHash, analysis) => write(folder, contentHash, sealed(JSON.stringify(analysis)))
  })

const checksum = (body: string): string => createHash("sha256").update(body).digest("hex")

const sealed = (body: string): string => `${checksum(body)}\n${body}`

const read = (path: string): ModuleAnalysis | undefined => {
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
