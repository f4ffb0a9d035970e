/**
 * How imports are resolved while the command runs: as Node does, but without a search for each of two thousand imports
 * whose answer is plain. That search is a third of a start.
 */
import { registerHooks } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { bundledEffect } from "./bundledEffect.js"

/** A folder of ES modules that name each other by whole file names, and what else its files import, by specifier. */
const place = (url) => ({ url, packages: new Map() })

const isRelative = (specifier) => specifier.startsWith("./") || specifier.startsWith("../")

/** What a file is by the end of its name, in packages of ES modules; Node would look for a package.json to say so. */
const formats = new Map([
  [".js", "module"],
  [".ts", "module-typescript"]
])

/** A file by its place. */
const beside = (specifier, parentURL) => {
  const { href } = new URL(specifier, parentURL)
  const format = formats.get(href.slice(-3))
  return { url: href, ...(format === undefined ? {} : { format }), shortCircuit: true }
}

/**
 * Resolves the package's own imports and those of effect without a search: files lie where they say, and a package is
 * one and the same to all files of a folder. In a checkout its name means the sources, to pipelines there and to the code
 * fingerprint alike.
 */
export const resolveImports = (root, name, inCheckout) => {
  const own = ["src/", "stages/", "dist/"].map((folder) => pathToFileURL(join(root, folder)).href)
  const effect = new URL("./", import.meta.resolve("effect/Effect")).href
  const places = [...own, effect].map(place)
  const bundled = bundledEffect(root, effect, inCheckout)

  /** Whoever imports a module that is bundled, by whatever name, gets the one in the bundle. */
  const settled = (resolved) => {
    const url = bundled.get(resolved.url)
    return url === undefined ? resolved : { ...resolved, url }
  }

  /** What the files of a place import that is plain by its name; undefined where it takes a search. */
  const plain = (specifier, parentURL) => {
    if (isRelative(specifier)) return settled(beside(specifier, parentURL))
    if (specifier.startsWith("node:")) return { url: specifier, format: "builtin", shortCircuit: true }
    const url = specifier.startsWith("effect/") ? bundled.get(`${effect}${specifier.slice(7)}.js`) : undefined
    return url === undefined ? undefined : { url, format: "module", shortCircuit: true }
  }

  const search = (specifier, context, next) =>
    settled(
      inCheckout && specifier === name
        ? next(specifier, { ...context, conditions: [...context.conditions, "tanren-source"] })
        : next(specifier, context)
    )

  const resolve = (specifier, context, next) => {
    const { conditions, parentURL } = context
    const found =
      parentURL !== undefined && conditions.includes("import")
        ? places.find(({ url }) => parentURL.startsWith(url))
        : undefined
    if (found === undefined) return search(specifier, context, next)
    const known = plain(specifier, parentURL) ?? found.packages.get(specifier)
    if (known !== undefined) return known
    const resolved = { ...search(specifier, context, next), shortCircuit: true }
    found.packages.set(specifier, resolved)
    return resolved
  }

  registerHooks({ resolve })
}
