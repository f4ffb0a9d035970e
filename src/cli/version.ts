/** The version of the package that runs. */
import { createRequire } from "node:module"

const manifest: { readonly version: string } = createRequire(import.meta.url)("tanren/package.json")

export const { version } = manifest
