/** What lies in the store of a project. */
import { readdirSync, readFileSync } from "node:fs"
import * as path from "node:path"
import type { Project } from "./project.ts"

export interface Stored {
  /** Half-written files. */
  readonly temporary: ReadonlyArray<string>
  readonly leases: ReadonlyArray<string>
  /** Steps that have a record, sorted. */
  readonly steps: ReadonlyArray<string>
  /** Digests of all objects, sorted. */
  readonly objects: ReadonlyArray<string>
}

/** The files of a store's folder, by their paths inside it. */
export const filesIn = (project: Project, folder: string, store = "cache"): ReadonlyArray<string> =>
  readdirSync(path.join(project.folder, store, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()

/** Looks into a store. */
export const stored = (project: Project, store = "cache"): Stored => ({
  temporary: filesIn(project, "tmp", store),
  leases: filesIn(project, "leases", store),
  steps: filesIn(project, "actions", store)
    .map((file): string => JSON.parse(readFileSync(file, "utf8")).provenance.step)
    .sort(),
  objects: filesIn(project, "objects", store)
    .map((file) => file.split(path.sep).slice(-2).join(""))
    .sort()
})
