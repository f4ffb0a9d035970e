/** One graph for both sides: a folder of input files, a pipeline that copies each, and the same for DVC. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import type { Command } from "../harness/measure.ts"
import type { Tools } from "../harness/tools.ts"

export interface Project {
  readonly folder: string
  readonly stages: number
  /** `tanren run` with these further words. */
  readonly tanren: (...words: ReadonlyArray<string>) => Command
  /** `dvc repro` with these further words. */
  readonly dvc: (...words: ReadonlyArray<string>) => Command
  /** Gives an input file other content. */
  readonly edit: (index: number, content: string) => void
  /** Takes away everything that Tanren has made. */
  readonly forget: () => void
}

const launcher = join(import.meta.dirname, "../../bin/tanren.js")

const nameOf = (index: number): string => `${String(index).padStart(4, "0")}.txt`

const stageText = (file: string): string =>
  `  copy-${file.slice(0, -4)}:
    cmd: cp input/${file} output/${file}
    deps: [input/${file}]
    outs: [output/${file}]
`

/** A project of so many stages below the benchmarks' folder, in which nothing has run yet. */
export const makeProject = async (tools: Tools, name: string, stages: number): Promise<Project> => {
  const folder = tools.folder(name)
  const files = Array.from({ length: stages }, (_, index) => nameOf(index))
  rmSync(folder, { recursive: true, force: true })
  for (const part of ["input", "output"]) mkdirSync(join(folder, part), { recursive: true })
  for (const file of files) writeFileSync(join(folder, "input", file), `the content of ${file}\n`)
  const graph = relative(folder, join(import.meta.dirname, "copies.ts"))
  writeFileSync(
    join(folder, "pipeline.ts"),
    `import { copies } from "${graph}"\n\nexport default copies(${JSON.stringify(files)})\n`
  )
  writeFileSync(join(folder, "dvc.yaml"), `stages:\n${files.map(stageText).join("")}`)
  await tools.measure(tools.dvc(folder, "init", "--no-scm", "--quiet"))
  await tools.measure(tools.dvc(folder, "config", "core.analytics", "false"))
  return {
    folder,
    stages,
    tanren: (...words) => ({
      program: process.execPath,
      arguments: [launcher, "run", "pipeline.ts", "--store", "cache", ...words],
      directory: folder
    }),
    dvc: (...words) => tools.dvc(folder, "repro", ...words),
    edit: (index, content) => writeFileSync(join(folder, "input", nameOf(index)), content),
    forget: () => rmSync(join(folder, "cache"), { recursive: true, force: true })
  }
}

/** Has both sides make everything once; DVC is told of files that lie there, which spares it a thousand processes. */
export const makeAll = async (tools: Tools, project: Project): Promise<void> => {
  await tools.measure(project.tanren())
  for (let index = 0; index < project.stages; index++) {
    const file = nameOf(index)
    writeFileSync(join(project.folder, "output", file), `the content of ${file}\n`)
  }
  await tools.measure(tools.dvc(project.folder, "commit", "--force"))
  if (!existsSync(join(project.folder, "dvc.lock"))) throw new Error("dvc took nothing down")
  // Once more, so that both have seen everything unchanged.
  await tools.measure(project.tanren())
  await tools.measure(project.dvc())
}
