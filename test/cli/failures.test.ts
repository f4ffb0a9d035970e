/** What a failing stage leaves standing, and how failures and misuse are told. */
import { assert, describe, test } from "vitest"
import { dataProject, type Ended, type Line, makeProject, rowsOf } from "./project.ts"
import { stored } from "./stored.ts"
import { counting, failing, forgetful, pipelineOf, throwing } from "./userStages.ts"

const rows = { "rows/a.json": rowsOf(20) }

/** One paragraph for a person: no stack, no second line. */
const paragraph = (text: string): string => {
  assert.notMatch(text, /^\s+at /m)
  assert.match(text, /^[^\n]+\n$/)
  return text
}

const nodesAtEnd = (lines: ReadonlyArray<Line>) => lines.find(({ event }) => event === "done")?.nodes

describe("a stage that fails", () => {
  const files = {
    ...rows,
    "failing.ts": failing,
    "counting.ts": counting,
    "pipeline.ts": pipelineOf(
      'const night = failing("night")(rows)\nconst after = counting(night)\nconst kept = filter({ name: "few", keep: (row) => row.input === "" })(rows)',
      "{ results: { night: { after } }, outputs: { night, kept, counted: counting(kept) } }",
      ["failing", "counting"]
    )
  }

  test("stops what reads it, and nothing else", async () => {
    const project = makeProject(files)
    const lines = await project.lines("run", "pipeline.ts")
    assert.deepStrictEqual(nodesAtEnd(lines), {
      "load: rows/*.json": "ran",
      night: "failed",
      counting: "not started",
      "filter: few": "ran",
      "counting#2": "ran"
    })
    assert.deepStrictEqual(stored(project), {
      ...stored(project),
      temporary: [],
      leases: [],
      steps: ["counting#2", "filter: few", "load: rows/*.json"]
    })
  })

  test("is told once, in its own words, and summed up at the end", async () => {
    const { code, err, out } = await makeProject(files).tanren("run", "pipeline.ts")
    assert.strictEqual(code, 1)
    assert.include(paragraph(err), "The sun did not rise. Wait for another day.")
    assert.notInclude(out, "The sun did not rise")
    assert.match(out, /3 ran, 0 cached, 1 failed, 1 not started/)
    assert.match(out, /counting: not started, because "night" gave no result/)
  })

  test("is tried again, and what did not fail is not", async () => {
    const project = makeProject(files)
    await project.tanren("run", "pipeline.ts")
    project.write("failing.ts", failing.replace("Effect.fail({", "Effect.succeed({ rows: rows.batches }) as never; ({"))
    const lines = await project.lines("run", "pipeline.ts")
    assert.deepStrictEqual(nodesAtEnd(lines), {
      "load: rows/*.json": "cached",
      night: "ran",
      counting: "ran",
      "filter: few": "cached",
      "counting#2": "cached"
    })
  })
})

test.for([
  ["throwing", throwing, 'The stage "throwing" broke while it made "odd": rows.size is not a function'],
  [
    "forgetful",
    forgetful,
    'The stage "forgetful" broke while it made "odd": it promised the output "rows" and did not give it'
  ]
] as const)("a stage that is %s breaks in one paragraph", async ([name, text, message]) => {
  const project = makeProject({
    ...rows,
    [`${name}.ts`]: text,
    "pipeline.ts": pipelineOf("", `{ results: {}, outputs: { odd: ${name}("odd")(rows) } }`, [name])
  })
  const { code, err } = await project.tanren("run", "pipeline.ts")
  assert.include(paragraph(err), message)
  assert.strictEqual(code, 1)
  assert.deepStrictEqual(stored(project).steps, ["load: rows/*.json"])
})

test("an expectation that is missed has an exit code of its own, and says both figures", async () => {
  const expecting = (least: number) => ({
    ...rows,
    "counting.ts": counting,
    "pipeline.ts": pipelineOf(
      "",
      `{ results: { all: { rows: counting(rows) } }, expect: { all: { rows: atLeast(${least}, "Table 2") } } }`,
      ["counting"]
    )
  })
  const met = await makeProject(expecting(20)).tanren("run", "pipeline.ts")
  assert.strictEqual(met.code, 0)
  assert.include(met.out, "✓ all, rows: 20.000, expected at least 20 (Table 2)")
  const missed = await makeProject(expecting(21)).tanren("run", "pipeline.ts")
  assert.strictEqual(missed.code, 3)
  assert.include(missed.out, "✗ all, rows: 20.000, expected at least 21 (Table 2)")
})

describe("misuse ends with code 2 and one paragraph that says", () => {
  const refuse = async (files: { readonly [file: string]: string }, args: ReadonlyArray<string>): Promise<string> => {
    const ended: Ended = await makeProject({ ...dataProject(), ...files }).tanren(...args)
    assert.strictEqual(ended.code, 2, ended.out)
    assert.strictEqual(ended.out, "")
    return paragraph(ended.err)
  }
  const pipeline = (text: string) => refuse({ "bad.ts": text }, ["run", "bad.ts"])

  test("that the pipeline file is not there, is no file, or is not whole", async () => {
    assert.include(await refuse({}, ["run", "none.ts"]), "none.ts cannot be used: there is no such file")
    assert.include(await refuse({}, ["run", "rows"]), "rows cannot be used: it is not a file")
    assert.match(await pipeline("const a = {\n"), /bad\.ts cannot be used: it does not load: /)
    assert.include(await pipeline('import "./nowhere.ts"\n'), "nowhere.ts")
    assert.include(await pipeline('throw new Error("not today")\n'), "it does not load: not today")
  })

  test("that the file exports no experiment", async () => {
    assert.include(await pipeline("export const a = 1\n"), "its default export is not an experiment")
    assert.include(await pipeline("export default { name: 1 }\n"), "its default export is not an experiment")
  })

  test("which words of the command line make no sense", async () => {
    assert.include(await refuse({}, ["walk", "pipeline.ts"]), 'There is no verb "walk"')
    assert.include(await refuse({}, ["run", "pipeline.ts", "--speed"]), "--speed")
  })

  test("which nodes there are when one is asked for that is not", async () => {
    const told = await Promise.all(["plan", "why", "show"].map((verb) => refuse({}, [verb, "pipeline.ts", "shorter"])))
    for (const each of told) assert.match(each, /no step "shorter".*shorten, holdOut/)
  })

  test("every field of a config that does not fit", async () => {
    const told = await pipeline(pipelineOf("", "{ results: {}, outputs: holdOut({ rows: -1, seed: 0.5 })(rows) }"))
    assert.include(told, "holdOut")
    assert.include(told, '"rows": ')
    assert.include(told, '"seed": ')
  })

  test("the free variable of a function that is not closed", async () => {
    const told = await pipeline(
      pipelineOf(
        'const most = 3\nconst kept = filter({ name: "short", keep: (row) => row.input.length < most })(rows)',
        "{ results: {}, outputs: { kept } }"
      )
    )
    assert.match(told, /\bmost\b.*config/)
  })
})
