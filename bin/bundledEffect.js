/**
 * The modules of effect that lie in one file: see build/effectBundle.js. To find, read and link each of them where the
 * package has it is a fifth of a start.
 */
import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const none = new Map()

/**
 * The URL of each bundled module by its URL in the package, which lies in the folder `effect` (a URL). Empty where there is
 * no bundle, and where the package is not what was bundled: another version, or a file of another size. In a checkout,
 * where a bundle is made after an installation, no file may be younger than the bundle either.
 */
export const bundledEffect = (root, effect, inCheckout) => {
  const folder = join(root, "dist", "effect")
  try {
    const manifest = join(folder, "bundle.json")
    const { sizes, version } = JSON.parse(readFileSync(manifest, "utf8"))
    const installed = JSON.parse(readFileSync(new URL("../package.json", effect), "utf8"))
    if (installed.version !== version) return none
    const newest = inCheckout ? statSync(manifest).mtimeMs : Infinity
    const place = fileURLToPath(effect)
    const bundle = pathToFileURL(folder).href
    const modules = new Map()
    for (const [name, size] of Object.entries(sizes)) {
      const found = statSync(place + name)
      if (found.size !== size || found.mtimeMs > newest) return none
      modules.set(effect + name, `${bundle}/${name}`)
    }
    return modules
  } catch {
    return none
  }
}
