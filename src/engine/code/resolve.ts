/** Where a specifier leads: to a file whose code is read, to a package that its version names, or to Node itself. */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs"
import { isBuiltin } from "node:module"
import { dirname, join, relative, resolve as resolvePath, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { isPlace } from "./links.ts"

export type Resolution =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "package"; readonly package: string }
  /** A module of Node; its version takes no part. */
  | { readonly kind: "node"; readonly module: string }
  | { readonly kind: "failure"; readonly problem: string }

/** What is read of a package.json. */
interface Manifest {
  readonly name?: unknown
  readonly version?: unknown
  readonly exports?: unknown
  readonly imports?: unknown
}

/** Resolves a specifier as Node would from the file at `importer`. */
export const resolve = (specifier: string, importer: string): Resolution => {
  if (isBuiltin(specifier)) {
    return { kind: "node", module: specifier.startsWith("node:") ? specifier : `node:${specifier}` }
  }
  if (isPlace(specifier)) {
    return file(specifier.startsWith("file:") ? fileURLToPath(specifier) : resolvePath(dirname(importer), specifier))
  }
  if (specifier.startsWith("#")) return within(nearestManifest(importer), "imports", specifier)
  const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/")
  const manifestPath = packageOf(name, importer)
  if (manifestPath === undefined) return { kind: "failure", problem: `the package "${name}" is not installed` }
  if (!isInstalled(manifestPath)) return within(manifestPath, "exports", `.${specifier.slice(name.length)}`)
  const { version } = manifestAt(manifestPath)
  return { kind: "package", package: `${name}@${typeof version === "string" ? version : "unversioned"}` }
}

/** The file that lies at a path beside a module; null where there is none. */
export const besides = (path: string, importer: string): string | null => {
  const absolute = resolvePath(dirname(importer), path)
  return existsSync(absolute) && statSync(absolute).isFile() ? realpathSync(absolute) : null
}

/** A path for people: relative to the nearest package.json, after the package's name where that is installed. */
export const shortPath = (path: string): string => {
  const manifestPath = nearestManifest(path)
  if (manifestPath === undefined) return path.split(sep).slice(-2).join("/")
  const short = relative(dirname(manifestPath), path).split(sep).join("/")
  const { name } = manifestAt(manifestPath)
  return isInstalled(path) && typeof name === "string" ? `${name}/${short}` : short
}

const isInstalled = (path: string): boolean => path.split(sep).includes("node_modules")

const file = (path: string): Resolution =>
  existsSync(path) && statSync(path).isFile()
    ? { kind: "file", path: realpathSync(path) }
    : { kind: "failure", problem: `there is no file ${path}` }

/** Manifests by path, each good while its file stays as it is: some are long, and every import asks for two. */
const manifests = new Map<string, { readonly modifiedMs: number; readonly manifest: Manifest }>()

const manifestAt = (path: string): Manifest => {
  const { mtimeMs } = statSync(path)
  const before = manifests.get(path)
  if (before !== undefined && before.modifiedMs === mtimeMs) return before.manifest
  const parsed: unknown = JSON.parse(readFileSync(path, "utf8"))
  const manifest: Manifest = typeof parsed === "object" && parsed !== null ? parsed : {}
  manifests.set(path, { modifiedMs: mtimeMs, manifest })
  return manifest
}

/** The package.json of a package as the importer sees it: its own, or one in a node_modules folder. */
const packageOf = (name: string, importer: string): string | undefined => {
  const own = nearestManifest(importer)
  if (own !== undefined) {
    const manifest = manifestAt(own)
    if (manifest.name === name && manifest.exports !== undefined) return realpathSync(own)
  }
  const candidates = foldersAbove(importer).map((folder) => join(folder, "node_modules", name, "package.json"))
  const found = candidates.find(existsSync)
  return found === undefined ? undefined : realpathSync(found)
}

/** The folders around a file, innermost first. */
const foldersAbove = (path: string): ReadonlyArray<string> => {
  const folder = dirname(path)
  return folder === path ? [] : [folder, ...foldersAbove(folder)]
}

const nearestManifest = (path: string): string | undefined =>
  foldersAbove(path).map((folder) => join(folder, "package.json")).find(existsSync)

/** The conditions under which a package that is read as source gives its files; the first is its sources. */
const conditions: ReadonlySet<string> = new Set(["tanren-source", "node", "import", "module-sync", "default"])

/** Resolves a subpath by the `exports` or `imports` of a package that is read as source. */
const within = (manifestPath: string | undefined, field: "exports" | "imports", subpath: string): Resolution => {
  if (manifestPath === undefined) return { kind: "failure", problem: `no package.json says what "${subpath}" is` }
  const map = manifestAt(manifestPath)[field]
  const target = targetOf(isSubpaths(map) ? map : { ".": map }, subpath)
  if (target === null) {
    return { kind: "failure", problem: `the ${field} of ${manifestPath} do not name "${subpath}"` }
  }
  return isPlace(target) ? file(resolvePath(dirname(manifestPath), target)) : resolve(target, manifestPath)
}

type Subpaths = { readonly [key: string]: unknown }

const isRecord = (value: unknown): value is Subpaths =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isSubpaths = (map: unknown): map is Subpaths =>
  isRecord(map) && Object.keys(map).some((key) => key.startsWith(".") || key.startsWith("#"))

const targetOf = (map: Subpaths, subpath: string): string | null => {
  if (Object.hasOwn(map, subpath)) return chosen(map[subpath])
  // Of several patterns the one with the longest part before the star is meant.
  const patterns = Object.keys(map).filter((key) => key.includes("*")).sort((a, b) => b.indexOf("*") - a.indexOf("*"))
  for (const pattern of patterns) {
    const [before = "", after = ""] = pattern.split("*")
    if (subpath.length < pattern.length || !subpath.startsWith(before) || !subpath.endsWith(after)) continue
    const filling = subpath.slice(before.length, subpath.length - after.length)
    return chosen(map[pattern])?.replaceAll("*", filling) ?? null
  }
  return null
}

/** The first target whose conditions hold. */
const chosen = (target: unknown): string | null => {
  if (typeof target === "string") return target
  if (Array.isArray(target)) return target.map(chosen).find((path) => path !== null) ?? null
  if (!isRecord(target)) return null
  const held = Object.entries(target).filter(([condition]) => conditions.has(condition))
  return held.map(([, nested]) => chosen(nested)).find((path) => path !== null) ?? null
}
