/** What the figures were taken on: the machine, and the versions of both sides. */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { cpus, totalmem } from "node:os"
import { join } from "node:path"
import { dvcFolder, peersFolder } from "./tools.ts"

/** Packages of the peers whose version counts. */
const peers = ["torch", "transformers", "peft", "datasets", "tokenizers", "lm_eval"]

const printVersions = `
import importlib.metadata as m, sys
def version(name):
    try: return m.version(name)
    except m.PackageNotFoundError: return "absent"
print(", ".join(f"{n} {version(n)}" for n in sys.argv[1:]))`

const versionsIn = (folder: string, packages: ReadonlyArray<string>): string => {
  try {
    return execFileSync(join(folder, "bin/python"), ["-c", printVersions, ...packages], { encoding: "utf8" }).trim()
  } catch {
    return `${packages.join(", ")} not built`
  }
}

const ownVersion = (name: string): string => {
  const { version }: { readonly version: string } = createRequire(import.meta.url)(`${name}/package.json`)
  return `${name} ${version}`
}

/** The model of the processor; some systems name it only beside its flags. */
const processor = (): string => {
  const model = cpus()[0]?.model.trim() ?? "unknown"
  if (process.platform !== "linux") return model
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? ""
  const vectors = ["avx2", "avx512f", "avx512_bf16", "amx_bf16"].filter((flag) => flags.includes(` ${flag}`))
  return vectors.length === 0 ? model : `${model} (${vectors.join(", ")})`
}

/** One paragraph for the reader of the table. */
export const describeMachine = (): string =>
  [
    `${processor()}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    `${process.platform} ${process.arch}`,
    `Node ${process.versions.node}`,
    ownVersion("onnxruntime-node"),
    versionsIn(peersFolder(), peers),
    versionsIn(dvcFolder(), ["dvc"])
  ].join("; ")
