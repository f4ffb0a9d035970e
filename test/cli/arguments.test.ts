/** The command line as data. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { assert } from "vitest"
import { invocation } from "../../src/cli/arguments.ts"

const refused: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
  [[], "A verb is missing"],
  [["walk", "pipeline.ts"], 'There is no verb "walk"; there are run, plan'],
  [["run"], '"tanren run" needs FILE: "tanren run FILE"'],
  [["diff", "one"], '"tanren diff" needs B: "tanren diff A B"'],
  [["run", "pipeline.ts", "--speed"], "--speed"],
  [["run", "pipeline.ts", "--jobs"], "--jobs"],
  [["run", "pipeline.ts", "--jobs", "none"], '--jobs takes a whole number from 1, not "none"'],
  [["run", "pipeline.ts", "--jobs", ""], '--jobs takes a whole number from 1, not ""'],
  [["run", "pipeline.ts", "--jobs", "0.5"], '--jobs takes a whole number from 1, not "0.5"'],
  [["run", "pipeline.ts", "--processes", "0"], '--processes takes a whole number from 1, not "0"'],
  [
    ["why", "pipeline.ts", "--processes", "2"],
    '--processes is an option of "tanren run" and "tanren plan", not of "tanren why"'
  ],
  [["run", "pipeline.ts", "--estimate"], '--estimate is an option of "tanren plan", not of "tanren run"'],
  [["run", "pipeline.ts", "--device", "abacus"], 'There is no device "abacus"; there are cpu'],
  [["plan", "pipeline.ts", "node", "other"], '"other" is one argument too many'],
  [["run", "pipeline.ts", "node"], '"node" is one argument too many'],
  [["graph", "pipeline.ts", "node"], '"node" is one argument too many'],
  [["gc", "pipeline.ts"], '"pipeline.ts" is one argument too many'],
  [["run", "pipeline.ts", "--checkpoint=-1"], '--checkpoint takes a number from 0, not "-1"'],
  [["run", "pipeline.ts", "--checkpoint", " "], '--checkpoint takes a number from 0, not " "'],
  [["gc", "--keep", "1.5"], '--keep takes a whole number from 0, not "1.5"'],
  [["run", "pipeline.ts", "--dry"], '--dry is an option of "tanren gc", not of "tanren run"'],
  [["plan", "pipeline.ts", "--checkpoint", "0"], '--checkpoint is an option of "tanren run", not of "tanren plan"'],
  [["gc", "--repair"], '--repair is an option of "tanren check", not of "tanren gc"']
]

it.effect.each(refused)("%j is refused", ([argv, reason]) =>
  Effect.gen(function* () {
    const { message } = yield* Effect.flip(invocation(argv, {}))
    assert.include(message, reason)
    assert.include(message, 'Try "tanren --help"')
  })
)

it.effect("the store is what is said, or what the environment says, or cache", () =>
  Effect.gen(function* () {
    const storeOf = (argv: ReadonlyArray<string>, environment: { readonly TANREN_STORE?: string }) =>
      Effect.map(invocation(["plan", "a.ts", ...argv], environment), (asked) =>
        asked.kind === "verb" ? asked.options.store : null
      )
    assert.strictEqual(yield* storeOf([], {}), "cache")
    assert.strictEqual(yield* storeOf([], { TANREN_STORE: "/disk" }), "/disk")
    assert.strictEqual(yield* storeOf(["--store", "here"], { TANREN_STORE: "/disk" }), "here")
  })
)

it.effect("options may stand anywhere", () =>
  Effect.gen(function* () {
    const [before, after] = yield* Effect.all([
      invocation(["--json", "plan", "--jobs", "3", "a.ts", "node"], {}),
      invocation(["plan", "a.ts", "node", "--jobs=3", "--json"], {})
    ])
    assert.deepStrictEqual(before, after)
    assert.deepInclude(before.kind === "verb" ? before.options : null, {
      operands: ["a.ts", "node"],
      json: true,
      jobs: 3
    })
  })
)

it.effect("each verb's own options have defaults", () =>
  Effect.gen(function* () {
    const optionsOf = (...argv: ReadonlyArray<string>) =>
      Effect.map(invocation(argv, {}), (asked) => (asked.kind === "verb" ? asked.options : null))
    assert.deepInclude(yield* optionsOf("run", "a.ts"), { checkpoint: 60 })
    assert.deepInclude(yield* optionsOf("run", "a.ts", "--checkpoint", "0"), { checkpoint: 0 })
    assert.deepInclude(yield* optionsOf("gc"), { keep: 10, grace: 24, dry: false })
    assert.deepInclude(yield* optionsOf("gc", "--keep=3", "--grace", "0.5", "--dry"), {
      keep: 3,
      grace: 0.5,
      dry: true
    })
    assert.deepInclude(yield* optionsOf("check", "--repair"), { repair: true })
  })
)
