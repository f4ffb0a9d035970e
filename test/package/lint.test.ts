/** The linter refuses what the rules forbid: each rule broken once, in a copy of the tree's outline. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"

const repository = resolve(import.meta.dirname, "../..")

interface Breach {
  readonly file: string
  readonly code: string
  readonly rule: string
}

const imports = (file: string, specifier: string): Breach => ({
  file,
  code: `import * as it from "${specifier}"\nexport const all = it\n`,
  rule: "eslint(no-restricted-imports)"
})

const uses = (file: string, expression: string, rule: string): Breach => ({
  file,
  code: `export const value = () => ${expression}\n`,
  rule
})

const breaches: ReadonlyArray<Breach> = [
  imports("src/store/a.ts", "../engine/plan.ts"),
  imports("src/graph/a.ts", "../model/GptNeoX.ts"),
  imports("src/graph/a.ts", "../../stages/load.ts"),
  imports("src/runtime/a.ts", "../store/Store.ts"),
  imports("src/engine/a.ts", "../cli/main.ts"),
  imports("src/engine/a.ts", "../model/lora.ts"),
  imports("src/engine/a.ts", "../runtime/layer.ts"),
  imports("src/report/a.ts", "../graph/build.ts"),
  imports("src/model/a.ts", "../runtime/layer.ts"),
  imports("src/model/a.ts", "onnxruntime-node"),
  imports("src/model/a.ts", "node:fs"),
  imports("src/runtime/a.ts", "onnxruntime-node"),
  imports("src/cli/a.ts", "effect"),
  imports("src/cli/a.ts", "@effect/platform-node"),
  imports("stages/a.ts", "node:fs"),
  imports("stages/a.ts", "effect/FileSystem"),
  imports("stages/a.ts", "effect/http/HttpClient"),
  imports("stages/a.ts", "@effect/platform-node/NodeServices"),
  imports("stages/a.ts", "../src/store/Store.ts"),
  imports("stages/a.ts", "../src/runtime/layer.ts"),
  imports("stages/a.ts", "../pipelines/quickstart.ts"),
  imports("pipelines/a.ts", "../src/engine/plan.ts"),
  imports("pipelines/a.ts", "node:fs"),
  ...[
    "new Date()",
    "process.env",
    "performance.now()",
    'fetch("x")',
    "setTimeout(Number, 1)",
    "crypto.randomUUID()"
  ].map((expression) => uses("stages/a.ts", expression, "eslint(no-restricted-globals)")),
  uses("stages/a.ts", "Math.random()", "eslint(no-restricted-properties)"),
  uses("src/model/a.ts", "Date.now()", "eslint(no-restricted-globals)"),
  uses("src/engine/a.ts", "console.log(1)", "eslint(no-console)"),
  uses("src/engine/a.ts", "[1][0]!", "typescript(no-non-null-assertion)"),
  uses("src/engine/a.ts", "(x: any) => x", "typescript(no-explicit-any)")
]

const allowed: ReadonlyArray<Breach> = [
  imports("src/runtime/child.ts", "onnxruntime-node"),
  imports("src/cli/b.ts", "../runtime/layer.ts"),
  imports("src/model/b.ts", "../runtime/OnnxRuntime.ts"),
  imports("src/engine/b.ts", "node:fs"),
  imports("stages/b.ts", "../src/model/lora.ts"),
  imports("stages/b.ts", "effect/Effect"),
  imports("pipelines/b.ts", "tanren")
]

/** One file for each breach: rules look at the folder, not at the name. */
const placed = (each: Breach, i: number): string => each.file.replace(/([ab])\.ts$/, `$1${i}.ts`)

interface Diagnostic {
  readonly code: string
  readonly filename: string
}

describe("the linter", () => {
  const found = new Map<string, ReadonlyArray<string>>()
  const all = [...breaches, ...allowed]

  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), "tanren-lint-"))
    copyFileSync(join(repository, "oxlint.config.ts"), join(folder, "oxlint.config.ts"))
    symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"))
    all.forEach((each, i) => {
      const path = join(folder, placed(each, i))
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, each.code)
    })
    const options = { cwd: folder, encoding: "utf8" } as const
    const oxlint = join(repository, "node_modules/oxlint/bin/oxlint")
    const { stderr, stdout } = spawnSync(
      process.execPath,
      [oxlint, "--format=json", "src", "stages", "pipelines"],
      options
    )
    assert.strictEqual(stderr, "")
    const { diagnostics }: { readonly diagnostics: ReadonlyArray<Diagnostic> } = JSON.parse(stdout)
    for (const { code, filename } of diagnostics) found.set(filename, [...(found.get(filename) ?? []), code])
  })

  it.each(breaches.map((each, i) => [each.file, each.code.split("\n")[0] ?? "", each.rule, placed(each, i)] as const))(
    "refuses in %s: %s",
    (_, __, rule, path) => assert.include(found.get(path) ?? [], rule)
  )

  it("allows what the rooms may import", () => {
    const paths = all.map(placed).slice(breaches.length)
    assert.deepStrictEqual(
      paths.flatMap((path) => found.get(path) ?? []),
      []
    )
  })
})
