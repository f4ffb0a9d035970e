/**
 * How imports are resolved while the command runs: as Node does, but without a search for each of two thousand imports
 * whose answer is plain. That search is a third of a start.
 */
import { registerHooks } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

/** A folder of ES modules that name each other by whole file names, and what else its files import, by specifier. */
const place = (url) => ({ url, packages: new Map() })

const isRelative = (specifier) => specifier.startsWith("./") || specifier.startsWith("../")

/** A file by its place; what a ".js" is there need not be looked up either. */
const beside = (specifier, parentURL) => {
  const { href } = new URL(specifier, parentURL)
  return { url: href, ...(href.endsWith(".js") ? { format: "module" } : {}), shortCircuit: true }
}

/**
 * Resolves the package's own imports and those of effect without a search: files lie where they say, and a package is
 * one and the same to all files of a folder. In a checkout its name means the sources, to pipelines there and to the code
 * fingerprint alike.
 */
export const resolveImports = (root, name, inCheckout) => {
  const own = ["src/", "stages/", "dist/"].map((folder) => pathToFileURL(join(root, folder)).href)
  const places = [...own, new URL("./", import.meta.resolve("effect/Effect")).href].map(place)

  const search = (specifier, context, next) =>
    inCheckout && specifier === name
      ? next(specifier, { ...context, conditions: [...context.conditions, "tanren-source"] })
      : next(specifier, context)

  const resolve = (specifier, context, next) => {
    const { conditions, parentURL } = context
    const found =
      parentURL !== undefined && conditions.includes("import")
        ? places.find(({ url }) => parentURL.startsWith(url))
        : undefined
    if (found === undefined) return search(specifier, context, next)
    if (isRelative(specifier)) return beside(specifier, parentURL)
    const known = found.packages.get(specifier)
    if (known !== undefined) return known
    const resolved = { ...search(specifier, context, next), shortCircuit: true }
    found.packages.set(specifier, resolved)
    return resolved
  }

  registerHooks({ resolve })
}
