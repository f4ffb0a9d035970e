/** The store from the command line: what no run needs goes, what is damaged is found and removed, and runs go on. */
import { chmodSync, writeFileSync } from "node:fs"
import * as path from "node:path"
import { assert, test } from "vitest"
import { dataProject, makeProject, type Project } from "./project.ts"
import { filesIn, stored } from "./stored.ts"

/** The last line of a verb's output, as an object. */
const summary = async (project: Project, ...args: ReadonlyArray<string>) => (await project.lines(...args)).at(-1)

const run = async (project: Project): Promise<void> => {
  const { code, err } = await project.tanren("run", "pipeline.ts")
  assert.strictEqual(code, 0, err)
}

test("results of runs that are no longer kept go, with their objects; the rest serves the next run", async () => {
  const project = makeProject(dataProject())
  await run(project)
  const before = stored(project)
  project.write("constants.ts", "export const longest = 2\n")
  await run(project)
  const after = stored(project)

  const { code, out } = await project.tanren("gc", "--keep", "0")
  assert.deepStrictEqual([code, stored(project)], [0, after], "everything is young")
  assert.match(out, /^removed 0 results, 0 objects, 0 checkpoints, 0 pieces: 0 bytes; [\d.]+ kB stay\n$/)

  const dry = await summary(project, "gc", "--keep", "0", "--grace", "0", "--dry")
  assert.deepStrictEqual(stored(project), after)
  const done = await summary(project, "gc", "--keep", "0", "--grace", "0")
  assert.deepStrictEqual({ ...dry, dry: false }, done)
  assert.strictEqual(done?.results, after.steps.length - before.steps.length)
  assert.strictEqual(after.objects.length - stored(project).objects.length, done?.objects)
  assert.isAbove(Number(done?.bytes), 0)
  const again = await summary(project, "run", "pipeline.ts")
  assert.deepStrictEqual(new Set(Object.values(Object(again?.nodes))), new Set(["cached"]))
})

test("a check finds every damage, says so by its exit code, and repairs on request", async () => {
  const project = makeProject(dataProject())
  await run(project)
  const sound = await project.tanren("check")
  assert.strictEqual(sound.code, 0)
  assert.match(sound.out, /^6 results, \d+ objects, 0 checkpoints, 0 pieces \([\d.]+ kB\): all sound\n$/)

  const [object = ""] = filesIn(project, "objects")
  chmodSync(object, 0o644)
  writeFileSync(object, "damaged")
  const name = `${"a".repeat(64)}.${"b".repeat(64)}`
  project.write(path.join("cache/checkpoints", name), "torn")
  const { code, out } = await project.tanren("check")
  assert.strictEqual(code, 6)
  assert.match(out, /✗ object [0-9a-f]{64}: its bytes are not those that were stored\n/)
  assert.match(out, /✗ result [0-9a-f]{64}: an object of it is damaged or missing\n/)
  assert.match(out, /✗ checkpoint b{64}: its bytes are not those that were kept\n/)

  const kinds = (await project.lines("check", "--repair")).flatMap(({ damage }) => damage ?? [])
  assert.sameMembers([...new Set(kinds)], ["object", "result", "checkpoint"])
  assert.strictEqual((await project.tanren("check")).code, 0)
  const again = await summary(project, "run", "pipeline.ts")
  assert.include(Object.values(Object(again?.nodes)), "ran")
  assert.notInclude(Object.values(Object(again?.nodes)), "failed")
})

test("a store that is not there is not made", async () => {
  const project = makeProject({})
  for (const verb of ["gc", "check"]) {
    const { code, err } = await project.tanren(verb, "--store", "elsewhere")
    assert.strictEqual(code, 2)
    assert.match(err, /There is no store in .*elsewhere/)
  }
  assert.throws(() => filesIn(project, "objects", "elsewhere"))
})
