/** Where a specifier leads: to a file whose code is read, to a package that its version names, or to Node itself. */
import { readFileSync } from "node:fs"
import { isBuiltin } from "node:module"
import { dirname, join, relative, resolve as resolvePath, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { isPlace } from "./links.ts"
import type { SeenFile, View } from "./View.ts"

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
export const resolve = (view: View, specifier: string, importer: string): Resolution => {
  if (isBuiltin(specifier)) {
    return { kind: "node", module: specifier.startsWith("node:") ? specifier : `node:${specifier}` }
  }
  if (isPlace(specifier)) {
    const path = specifier.startsWith("file:") ? fileURLToPath(specifier) : resolvePath(dirname(importer), specifier)
    return file(view, path)
  }
  if (specifier.startsWith("#")) return within(view, nearestManifest(view, importer), "imports", specifier)
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/")
  const manifest = packageOf(view, name, importer)
  if (manifest === undefined) return { kind: "failure", problem: `the package "${name}" is not installed` }
  if (!isInstalled(manifest.realPath)) return within(view, manifest, "exports", `.${specifier.slice(name.length)}`)
  const { version } = contentOf(manifest)
  return { kind: "package", package: `${name}@${typeof version === "string" ? version : "unversioned"}` }
}

/** The file that lies at a path beside a module; null where there is none. */
export const besides = (view: View, path: string, importer: string): string | null =>
  view.see(resolvePath(dirname(importer), path))?.realPath ?? null

/** A path for people: relative to the nearest package.json, after the package's name where that is installed. */
export const shortPath = (view: View, path: string): string => {
  const manifest = nearestManifest(view, path)
  if (manifest === undefined) return path.split(sep).slice(-2).join("/")
  const short = relative(dirname(manifest.path), path).split(sep).join("/")
  const { name } = contentOf(manifest)
  return isInstalled(path) && typeof name === "string" ? `${name}/${short}` : short
}

const isInstalled = (path: string): boolean => path.split(sep).includes("node_modules")

const file = (view: View, path: string): Resolution => {
  const seen = view.see(path)
  return seen === null
    ? { kind: "failure", problem: `there is no file ${path}` }
    : { kind: "file", path: seen.realPath }
}

/** A package.json as it was seen. */
interface ManifestFile extends SeenFile {
  readonly path: string
}

/** Manifests by real path, each good while its file stays as it is: some are long, and every import asks for two. */
const manifests = new Map<string, { readonly signature: string; readonly manifest: Manifest }>()

const contentOf = ({ realPath, signature }: ManifestFile): Manifest => {
  const before = manifests.get(realPath)
  if (before !== undefined && before.signature === signature) return before.manifest
  const parsed: unknown = JSON.parse(readFileSync(realPath, "utf8"))
  const manifest: Manifest = typeof parsed === "object" && parsed !== null ? parsed : {}
  manifests.set(realPath, { signature, manifest })
  return manifest
}

/** The package.json of a package as the importer sees it: its own, or one in a node_modules folder. */
const packageOf = (view: View, name: string, importer: string): ManifestFile | undefined => {
  const own = nearestManifest(view, importer)
  if (own !== undefined) {
    const manifest = contentOf(own)
    if (manifest.name === name && manifest.exports !== undefined) return own
  }
  return firstSeen(
    view,
    foldersAbove(importer).map((folder) => join(folder, "node_modules", name, "package.json"))
  )
}

const firstSeen = (view: View, paths: ReadonlyArray<string>): ManifestFile | undefined => {
  for (const path of paths) {
    const seen = view.see(path)
    if (seen !== null) return { ...seen, path }
  }
  return undefined
}

/** The folders around a file, innermost first. */
const foldersAbove = (path: string): ReadonlyArray<string> => {
  const folder = dirname(path)
  return folder === path ? [] : [folder, ...foldersAbove(folder)]
}

const nearestManifest = (view: View, path: string): ManifestFile | undefined =>
  firstSeen(
    view,
    foldersAbove(path).map((folder) => join(folder, "package.json"))
  )

/** The conditions under which a package that is read as source gives its files; the first is its sources. */
const conditions: ReadonlySet<string> = new Set(["tanren-source", "node", "import", "module-sync", "default"])

/** Resolves a subpath by the `exports` or `imports` of a package that is read as source. */
const within = (
  view: View,
  manifest: ManifestFile | undefined,
  field: "exports" | "imports",
  subpath: string
): Resolution => {
  if (manifest === undefined) return { kind: "failure", problem: `no package.json says what "${subpath}" is` }
  const map = contentOf(manifest)[field]
  const target = targetOf(isSubpaths(map) ? map : { ".": map }, subpath)
  if (target === null) {
    return { kind: "failure", problem: `the ${field} of ${manifest.realPath} do not name "${subpath}"` }
  }
  return isPlace(target)
    ? file(view, resolvePath(dirname(manifest.realPath), target))
    : resolve(view, target, manifest.realPath)
}

type Subpaths = { readonly [key: string]: unknown }

const isRecord = (value: unknown): value is Subpaths =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isSubpaths = (map: unknown): map is Subpaths =>
  isRecord(map) && Object.keys(map).some((key) => key.startsWith(".") || key.startsWith("#"))

const targetOf = (map: Subpaths, subpath: string): string | null => {
  if (Object.hasOwn(map, subpath)) return chosen(map[subpath])
  // Of several patterns the one with the longest part before the star is meant.
  const patterns = Object.keys(map)
    .filter((key) => key.includes("*"))
    .sort((a, b) => b.indexOf("*") - a.indexOf("*"))
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
