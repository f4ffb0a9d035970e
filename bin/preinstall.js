/**
 * Spares an installation a download from outside the registry. ONNX Runtime's package fetches CUDA libraries of some
 * hundred megabytes when it is installed on Linux x64, unless files of their names are there; installers run every
 * package's preinstall before any postinstall, so empty ones can be put there first. Whoever wants CUDA replaces them:
 * node node_modules/onnxruntime-node/script/install --onnxruntime-node-install=cuda12
 */
import { appendFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

const libraries = ["cuda", "shared", "tensorrt"].map((name) => `libonnxruntime_providers_${name}.so`)

try {
  const runtime = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"))
  // Appending nothing makes a file where there is none, and leaves one that is there as it is.
  for (const library of libraries) appendFileSync(join(runtime, "bin/napi-v6/linux/x64", library), "")
} catch {
  // Not laid out yet, or laid out otherwise: the runtime's own installation takes its course.
}
