/** Damaged results are found and made anew; results of what moved meanwhile are not kept. */
import { chmodSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync, existsSync } from "node:fs"
import * as path from "node:path"
import { assert, describe, test } from "vitest"
import { dataProject, type Line, makeProject, type Project, rowsOf, until } from "./project.ts"
import { filesIn, stored } from "./stored.ts"
import { counting, gate, pipelineOf, reader } from "./userStages.ts"

const load = "load: rows/*.json"

const ran = (lines: ReadonlyArray<Line>): ReadonlyArray<unknown> =>
  lines.filter(({ event }) => event === "started").map(({ node }) => node)

/** The file of the newest record of a step. */
const recordOf = (project: Project, step: string): string => {
  const records = filesIn(project, "actions")
    .map((file) => ({ file, provenance: JSON.parse(readFileSync(file, "utf8")).provenance }))
    .filter(({ provenance }) => provenance.step === step)
  const newest = records.reduce(
    (a, b) => (a.provenance.finished > b.provenance.finished ? a : b),
    records[0] ?? assert.fail(step)
  )
  return newest.file
}

/** The file of an object of a step. */
const objectOf = (project: Project, step: string, output: string, name = "part-000000.arrow"): string => {
  const record = JSON.parse(readFileSync(recordOf(project, step), "utf8"))
  const digest: string = record.outputs[output].objects[name].digest
  return path.join(project.folder, "cache", "objects", digest.slice(0, 2), digest.slice(2))
}

/** Has the record of a step believe that its object always looked as it looks now: only its bytes tell of the damage. */
const forge = (project: Project, step: string, output: string, name = "part-000000.arrow") => {
  const file = recordOf(project, step)
  const record = JSON.parse(readFileSync(file, "utf8"))
  const { ctimeNs, ino, mtimeNs, size } = statSync(objectOf(project, step, output, name), { bigint: true })
  record.outputs[output].objects[name].signature = `${size} ${ino} ${mtimeNs} ${ctimeNs}`
  writeFileSync(file, JSON.stringify(record))
}

/** Changes a file, and sets its time back as if nobody had. */
const damage = (file: string, change: (file: string) => void) => {
  const { atime, mtime } = statSync(file)
  chmodSync(file, 0o644)
  change(file)
  utimesSync(file, atime, mtime)
}

const flipBit = (file: string) => {
  const bytes = readFileSync(file)
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  writeFileSync(file, bytes)
}

const cutShort = (file: string) => truncateSync(file, statSync(file).size - 7)

describe.concurrent("what lies damaged in the store", () => {
  test.for([
    ["a flipped bit", flipBit],
    ["a cut", cutShort]
  ] as const)("%s: the object is made again, and nothing that is whole", async ([, change]) => {
    const project = makeProject(dataProject())
    await project.tanren("run", "pipeline.ts")
    const { objects } = stored(project)
    damage(objectOf(project, "holdOut", "training"), change)
    const plan = await project.lines("plan", "pipeline.ts", "holdOut")
    assert.deepInclude(plan[0], { status: "run", reason: "its stored result is missing or damaged" })
    assert.deepStrictEqual(ran(await project.lines("run", "pipeline.ts")), ["holdOut"])
    assert.deepStrictEqual(stored(project).objects, objects)
  })

  test("a chain of damaged objects is made again from its sound beginning", async () => {
    const project = makeProject(dataProject())
    await project.tanren("run", "pipeline.ts")
    const { objects } = stored(project)
    for (const [step, output] of [
      [load, "rows"],
      ["filter: no translation", "rows"],
      ["shorten", "rows"]
    ] as const) {
      damage(objectOf(project, step, output), flipBit)
    }
    const { code, err } = await project.tanren("run", "pipeline.ts")
    assert.strictEqual(code, 0, err)
    assert.deepStrictEqual(stored(project).objects, objects)
  })

  test("a damaged score is made again, even if no time betrays the damage", async () => {
    const project = makeProject({
      "rows/a.json": rowsOf(20),
      "counting.ts": counting,
      "pipeline.ts": pipelineOf(
        "",
        "{ results: { all: { rows: counting(rows) } }, expect: { all: { rows: atLeast(20) } } }",
        ["counting"]
      )
    })
    await project.tanren("run", "pipeline.ts")
    damage(objectOf(project, "counting", "score", "value.json"), (at) =>
      writeFileSync(at, readFileSync(at, "utf8").replace('"value":20', '"value":10'))
    )
    forge(project, "counting", "score", "value.json")
    const { code, err, out } = await project.tanren("run", "pipeline.ts")
    assert.strictEqual(code, 0, err)
    assert.include(out, "✓ all, rows: 20.000")
    assert.include(out, "1 ran, 1 cached")
  })

  test("a damaged table is made again before a stage reads it, even if no time betrays the damage", async () => {
    const edited = dataProject()
    const sound = makeProject({ ...edited, "constants.ts": "export const longest = 2\n" })
    await sound.tanren("run", "pipeline.ts")
    const project = makeProject(edited)
    await project.tanren("run", "pipeline.ts")
    damage(objectOf(project, "filter: no translation", "rows"), flipBit)
    forge(project, "filter: no translation", "rows")
    project.write("constants.ts", "export const longest = 2\n")
    const lines = await project.lines("run", "pipeline.ts")
    assert.include(ran(lines), "filter: no translation")
    assert.deepInclude(lines.at(-1), { event: "done" })
    for (const output of ["training", "validation"]) {
      assert.strictEqual(
        path.basename(objectOf(project, "holdOut", output)),
        path.basename(objectOf(sound, "holdOut", output))
      )
    }
  })

  test("a damaged table that no step would read disturbs no estimate", async () => {
    const project = makeProject(dataProject())
    await project.tanren("run", "pipeline.ts")
    damage(objectOf(project, load, "rows"), flipBit)
    forge(project, load, "rows")
    project.write("pipeline.ts", project.read("pipeline.ts").replace("rows: 3", "rows: 5"))
    const { code, err } = await project.tanren("plan", "pipeline.ts", "--estimate")
    assert.strictEqual(code, 0, err)
  })

  test("a garbled record is no record", async () => {
    const project = makeProject(dataProject())
    await project.tanren("run", "pipeline.ts")
    const { objects } = stored(project)
    cutShort(recordOf(project, "shorten"))
    assert.deepStrictEqual(ran(await project.lines("run", "pipeline.ts")), ["shorten"])
    assert.deepStrictEqual(stored(project).objects, objects)
  })
})

describe.concurrent("what moves while a stage runs", () => {
  const files = {
    "rows/a.json": rowsOf(20),
    "gate.ts": gate,
    "counting.ts": counting,
    "pipeline.ts": pipelineOf(
      'const held = gate("held")(rows)',
      "{ results: {}, outputs: { count: counting(held) } }",
      ["gate", "counting"]
    )
  }

  /** Runs the pipeline and edits a file while the gate is shut. */
  const during = async (project: Project, edit: () => void) => {
    const { ended } = project.start("run", "pipeline.ts")
    await Promise.race([ended, until(() => existsSync(path.join(project.folder, "held.started")))])
    edit()
    project.write("held.go", "")
    return ended
  }

  test("code of the stage that runs: its result is not kept", async () => {
    const project = makeProject(files)
    const { code, err } = await during(project, () => project.write("gate.ts", gate.replace("sleep(10)", "sleep(11)")))
    assert.strictEqual(code, 1)
    assert.match(
      err,
      /^✗ held: While "held" ran, what it was made from changed: \S+gate\.ts\. Its result was not stored/
    )
    assert.deepStrictEqual(stored(project).steps, [load])
    assert.deepStrictEqual(ran(await project.lines("run", "pipeline.ts")), ["held", "counting"])
  })

  test("a comment in that code: the result is kept", async () => {
    const project = makeProject(files)
    const { code, err } = await during(project, () => project.write("gate.ts", `// a comment\n${gate}`))
    assert.strictEqual(code, 0, err)
    assert.deepStrictEqual(ran(await project.lines("run", "pipeline.ts")), [])
  })

  test("code of a stage that is yet to start: its result is not kept under either key", async () => {
    const project = makeProject(files)
    const { code, err } = await during(project, () =>
      project.write("counting.ts", counting.replace("rows.rows", "rows.rows + 1"))
    )
    assert.strictEqual(code, 1)
    assert.match(err, /^✗ counting: While "counting" ran, what it was made from changed: \S+counting\.ts/)
    assert.deepStrictEqual(stored(project).steps, ["held", load])
  })

  test("files that the stage reads: its result is not kept, even if they are put back", async () => {
    for (const after of [rowsOf(21), rowsOf(20)]) {
      const project = makeProject({
        ...files,
        "reader.ts": reader,
        "pipeline.ts": pipelineOf("", '{ results: {}, outputs: { held: reader("held") } }', ["reader"])
      })
      const { code, err } = await during(project, () => {
        project.write("rows/a.json", "[]")
        project.write("rows/a.json", after)
      })
      assert.strictEqual(code, 1, err)
      assert.match(err, /^✗ held: While "held" ran, what it was made from changed: \S+rows\/a\.json/)
      assert.deepStrictEqual(stored(project).steps, [])
    }
  })

  test("code that was edited after it was loaded: nothing runs", async () => {
    const project = makeProject({
      ...files,
      "pipeline.ts": `${files["pipeline.ts"]}
import { writeFileSync } from "node:fs"
writeFileSync(new URL("gate.ts", import.meta.url), ${JSON.stringify(gate.replace("sleep(10)", "sleep(11)"))})
`
    })
    const { code, err } = await project.tanren("run", "pipeline.ts")
    assert.strictEqual(code, 2)
    assert.match(
      err,
      /^These modules changed after this process loaded them: \S+gate\.ts\. Nothing was run\. Run again\.\n$/
    )
    assert.deepStrictEqual(stored(project).steps, [])
  })
})
