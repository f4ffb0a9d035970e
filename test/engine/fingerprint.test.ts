/** What changes the fingerprint of a stage's code, and what does not. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Files, fingerprintOf, stageFile } from "./project.ts"

const base: Files = {
  "main.ts": stageFile(`import { load } from "./far/load.ts"`, `return load("x")`),
  "far/load.ts": `import { parse as read } from "../parse.ts"
/** Loads. */
export const load = (path: string): number => read(path) + 1
export const unrelated = 1
`,
  "parse.ts": `import { limit } from "./constants.ts"
export function parse(text: string): number { return text.length * limit }
`,
  "constants.ts": `export const limit = 10, other = 20\n`
}

/** Asserts that two versions of a project have one fingerprint, or two. */
const compare = (expected: "same" | "different", before: Files, after: Files, main?: readonly [string, string]) =>
  Effect.gen(function* () {
    const one = yield* fingerprintOf(before, main?.[0])
    const two = yield* fingerprintOf(after, main?.[1])
    assert.strictEqual(one.digest === two.digest ? "same" : "different", expected)
  })

const edited = (path: string, from: string, to: string): Files => {
  const text = base[path] ?? ""
  assert.include(text, from)
  return { ...base, [path]: text.replace(from, to) }
}

const same = (name: string, before: Files, after: Files, main?: readonly [string, string]) =>
  it.effect(`${name} changes nothing`, () => compare("same", before, after, main))

const different = (name: string, before: Files, after: Files) =>
  it.effect(`${name} changes it`, () => compare("different", before, after))

describe("what does not matter", () => {
  same("a comment", base, edited("far/load.ts", "read(path) + 1", "/* twice? */ read(path) + /* @__PURE__ */ 1 // one"))
  same("layout", base, edited("parse.ts", "{ return text.length * limit }", "{\n\n  return (text.length\n* limit);\n}"))
  same("quote style", base, edited("main.ts", `load("x")`, `load('x')`))
  same("a type annotation", base, edited("parse.ts", "(text: string): number", "(text: string | never): 1 | number"))
  same("an interface", base, edited("constants.ts", "export", "export interface Limits { limit: number }\nexport"))
  same("an unrelated export", base, edited("far/load.ts", "unrelated = 1", "unrelated = 2, more = eval('1')"))
  same("an unrelated neighbour in a list", base, edited("constants.ts", "other = 20", "other = 21"))
  same("a list written apart", base, edited("constants.ts", ", other = 20", "\nexport const other = 20"))
  same("a way of writing a number", base, edited("constants.ts", "limit = 10", "limit = 0x0a"))
  same("an export that moves below others", base, {
    ...base,
    "far/load.ts": `import { parse as read } from "../parse.ts"
export const unrelated = 1
const load = (path: string) => read(path) + 1
export { load }`
  })
  same("a file renamed", base, {
    "main.ts": stageFile(`import { load } from "./near.ts"`, `return load("x")`),
    "near.ts": (base["far/load.ts"] ?? "").replace("../parse.ts", "./p.ts"),
    "p.ts": base["parse.ts"] ?? "",
    "constants.ts": base["constants.ts"] ?? ""
  })
  const moved = { ...base, "stages/other.ts": (base["main.ts"] ?? "").replace("./", "../") }
  same("the stage's own file renamed", base, moved, ["main.ts", "stages/other.ts"])
  same(
    "a file renamed that is loaded on demand",
    {
      "main.ts": stageFile("", `return (await import("./lazy.ts")).go()`),
      "lazy.ts": "export const go = () => 1"
    },
    {
      "main.ts": stageFile("", `return (await import("./slow/lazy.ts")).go()`),
      "slow/lazy.ts": "export const go = () => 1"
    }
  )
  same("a barrel in between", base, {
    ...base,
    "main.ts": stageFile(`import { loadAll as load } from "./barrel.ts"`, `return load("x")`),
    "barrel.ts": `export * from "./list.ts"`,
    "list.ts": `import { load } from "./far/load.ts"\nexport { load as loadAll }`
  })
})

describe("what matters", () => {
  different("a constant three imports away", base, edited("constants.ts", "limit = 10", "limit = 11"))
  different("the stage itself", base, edited("main.ts", `load("x")`, `load("y")`))
  different("const for let", base, edited("constants.ts", "const", "let"))
  different(
    "two constants that swap values",
    {
      "main.ts": stageFile(`import { a, b } from "./m.ts"`, "return a - b"),
      "m.ts": "export const a = 1, b = 2"
    },
    {
      "main.ts": stageFile(`import { a, b } from "./m.ts"`, "return a - b"),
      "m.ts": "export const a = 2, b = 1"
    }
  )
  const pair = { "m.ts": "export const a = 1, b = 2, both = [a, b]" }
  different(
    "an alias that takes another export, both being reached",
    {
      ...pair,
      "main.ts": stageFile(`import { a as x, both } from "./m.ts"`, "return x + both.length")
    },
    {
      ...pair,
      "main.ts": stageFile(`import { b as x, both } from "./m.ts"`, "return x + both.length")
    }
  )
  different(
    "a re-export that takes another name",
    {
      ...pair,
      "main.ts": stageFile(`import { x, both } from "./r.ts"`, "return x + both.length"),
      "r.ts": `export { a as x, both } from "./m.ts"`
    },
    {
      ...pair,
      "main.ts": stageFile(`import { x, both } from "./r.ts"`, "return x + both.length"),
      "r.ts": `export { b as x, both } from "./m.ts"`
    }
  )
  different(
    "an import from another file with a function of the same name and use",
    {
      "main.ts": stageFile(`import { f } from "./one.ts"\nimport { f as g } from "./two.ts"`, "return f() - g()"),
      "one.ts": "export const f = () => 1",
      "two.ts": "export const f = () => 2"
    },
    {
      "main.ts": stageFile(`import { f } from "./two.ts"\nimport { f as g } from "./one.ts"`, "return f() - g()"),
      "one.ts": "export const f = () => 1",
      "two.ts": "export const f = () => 2"
    }
  )
  different("a statement of a reached module", base, edited("parse.ts", "export", "globalThis.setting = 1\nexport"))
  different(
    "a module imported for its effect",
    {
      ...base,
      "parse.ts": `import "./effect.ts"\n${base["parse.ts"]}`,
      "effect.ts": "globalThis.setting = 1"
    },
    { ...base, "parse.ts": `import "./effect.ts"\n${base["parse.ts"]}`, "effect.ts": "globalThis.setting = 2" }
  )
  different(
    "a destructured declaration",
    {
      "main.ts": stageFile(`import { b } from "./m.ts"`, "return b"),
      "m.ts": "export const { a, nested: [b] } = { a: 1, nested: [2] }"
    },
    {
      "main.ts": stageFile(`import { b } from "./m.ts"`, "return b"),
      "m.ts": "export const { a, nested: [b] } = { a: 1, nested: [3] }"
    }
  )
  different(
    "a default export",
    {
      "main.ts": stageFile(`import d from "./m.ts"`, "return d"),
      "m.ts": "export default { size: 1 }"
    },
    {
      "main.ts": stageFile(`import d from "./m.ts"`, "return d"),
      "m.ts": "export default { size: 2 }"
    }
  )
  different(
    "a default export re-exported by name",
    {
      "main.ts": stageFile(`import { d } from "./r.ts"`, "return d()"),
      "r.ts": `export { default as d } from "./m.ts"`,
      "m.ts": "export default function size() { return 1 }"
    },
    {
      "main.ts": stageFile(`import { d } from "./r.ts"`, "return d()"),
      "r.ts": `export { default as d } from "./m.ts"`,
      "m.ts": "export default function size() { return 2 }"
    }
  )
  different(
    "a name found through export *",
    {
      "main.ts": stageFile(`import { a } from "./r.ts"`, "return a"),
      "r.ts": `export * from "./s.ts"\nexport * from "./m.ts"`,
      "s.ts": `export * from "./r.ts"`,
      "m.ts": "export const a = 1"
    },
    {
      "main.ts": stageFile(`import { a } from "./r.ts"`, "return a"),
      "r.ts": `export * from "./s.ts"\nexport * from "./m.ts"`,
      "s.ts": `export * from "./r.ts"`,
      "m.ts": "export const a = 2"
    }
  )
  different(
    "a JSON file",
    {
      "main.ts": stageFile(`import d from "./d.json" with { type: "json" }`, "return d"),
      "d.json": `{ "a": 1 }`
    },
    {
      "main.ts": stageFile(`import d from "./d.json" with { type: "json" }`, "return d"),
      "d.json": `{ "a": 2 }`
    }
  )
})

describe("namespaces and modules loaded on demand", () => {
  const m = (a: number, b: number) => `export const a = ${a}\nexport const b = ${b}`
  const uses: ReadonlyArray<readonly [string, string, string]> = [
    ["a namespace's member", `import * as N from "./m.ts"`, "return N.a"],
    ["a re-exported namespace's member", `import { N } from "./n.ts"`, "return N.a"],
    ["an awaited import's member", "", `return (await import("./m.ts")).a`],
    ["a destructured import", "", `const { a } = await import("./m.ts"); return a`],
    ["a destructured import inside an effect", "", `const { a } = yield* Effect.promise(() => import("./m.ts"))`],
    ["an import with a destructuring continuation", "", `return import("./m.ts").then(({ a }) => a)`]
  ]
  const files = (imports: string, body: string, text: string): Files => ({
    "main.ts": stageFile(imports, body).replace("async () =>", body.includes("yield") ? "function*()" : "async () =>"),
    "n.ts": `export * as N from "./m.ts"`,
    "m.ts": text
  })
  for (const [name, imports, body] of uses) {
    same(`the rest of the module, for ${name},`, files(imports, body, m(1, 2)), files(imports, body, m(1, 3)))
    different(`the member, for ${name},`, files(imports, body, m(1, 2)), files(imports, body, m(0, 2)))
  }
  const whole: ReadonlyArray<readonly [string, string, string]> = [
    ["a namespace passed on", `import * as N from "./m.ts"`, "return Object.keys(N)"],
    ["an import kept whole", "", `const n = await import("./m.ts"); return n`],
    ["a file beside the module", "", `return new Worker(new URL("./m.ts", import.meta.url))`]
  ]
  for (const [name, imports, body] of whole) {
    different(`any export, for ${name},`, files(imports, body, m(1, 2)), files(imports, body, m(1, 3)))
  }
  const third = (text: string) => files(`import * as N from "./m.ts"`, "return N.c", text)
  different("a member that a namespace comes to have", third("export const a = 1"), third("export const c = 1"))
  different(
    "the statements of a file run as a worker",
    {
      "main.ts": stageFile("", `return new Worker(new URL("./m.ts", import.meta.url))`),
      "m.ts": "const limit = 1\nconsole.log(limit)"
    },
    {
      "main.ts": stageFile("", `return new Worker(new URL("./m.ts", import.meta.url))`),
      "m.ts": "const limit = 2\nconsole.log(limit)"
    }
  )
})

describe("cycles", () => {
  const cycle = (odd: string, even: string): Files => ({
    "main.ts": stageFile(`import { even } from "./even.ts"`, "return even(4)"),
    "even.ts": `import { odd } from "./odd.ts"\nexport const even = (n) => n === 0 ? ${even} : odd(n - 1)`,
    "odd.ts": `import { even } from "./even.ts"\nexport const odd = (n) => n === 0 ? ${odd} : even(n - 1)`
  })
  same("reading it again", cycle("false", "true"), cycle("false", "true"))
  different("a part of the cycle", cycle("false", "true"), cycle("null", "true"))
  different("two parts that swap", cycle("false", "true"), cycle("true", "false"))
})

describe("shadowing", () => {
  const shadowed = (n: number): Files => ({
    "main.ts": stageFile(`import { rows } from "./m.ts"`, "return ((rows) => rows)(1)"),
    "m.ts": `export const rows = ${n}`
  })
  different("a name that only looks mentioned", shadowed(1), shadowed(2))
  it.effect("property names are no mentions", () =>
    compare(
      "same",
      {
        "main.ts": stageFile(`import { rows } from "./m.ts"`, "return ({ rows: 1 }).rows"),
        "m.ts": "export const rows = 1"
      },
      {
        "main.ts": stageFile(`import { rows } from "./m.ts"`, "return ({ rows: 1 }).rows"),
        "m.ts": "export const rows = 2"
      }
    )
  )
})

describe("packages", () => {
  const installed = (version: string, code = "export const f = 1"): Files => ({
    "main.ts": stageFile(`import { f } from "lib/sub"\nimport { statSync } from "fs"`, "return f + statSync.length"),
    "node_modules/lib/package.json": `{ "name": "lib", "version": "${version}", "exports": { "./sub": "./sub.js" } }`,
    "node_modules/lib/sub.js": code
  })
  it.effect("enter by version, Node's modules by name", () =>
    Effect.map(fingerprintOf(installed("1.2.3")), ({ packages }) =>
      assert.deepStrictEqual(packages, ["lib@1.2.3", "node:fs"])
    )
  )
  different("a version", installed("1.2.3"), installed("1.2.4"))
  same("a package's file of the same version", installed("1.2.3"), installed("1.2.3", "export const f = 2"))

  const self = (n: number): Files => ({
    "package.json": JSON.stringify({
      name: "@me/own",
      exports: { ".": { "tanren-source": "./src/index.ts", default: "./dist/index.js" } }
    }),
    "src/index.ts": `export const f = ${n}, other = 1`,
    "main.ts": stageFile(`import { f } from "@me/own"`, "return f")
  })
  different("source reached through the project's own name", self(1), self(2))

  const stage = (n: number): Files => ({
    "node_modules/tool/package.json": `{ "name": "tool", "version": "1.0.0" }`,
    "node_modules/tool/stage.js": `import { n } from "./n.js"
export const work = ((x) => x)({ name: "work", module: import.meta.url, run: () => n })`,
    "node_modules/tool/n.js": `export const n = ${n}`
  })
  it.effect("an installed stage is followed file by file", () =>
    compare("different", stage(1), stage(2), ["node_modules/tool/stage.js", "node_modules/tool/stage.js"])
  )
})

describe("what it says", () => {
  it.effect("names every declaration reached, and only the changed ones have another hash", () =>
    Effect.gen(function* () {
      const before = yield* fingerprintOf(base)
      const after = yield* fingerprintOf(edited("constants.ts", "limit = 10", "limit = 11"))
      assert.deepStrictEqual(
        before.declarations.map(({ module, name }) => `${module} ${name}`),
        ["constants.ts limit", "far/load.ts load", "main.ts stage", "main.ts work", "parse.ts parse"]
      )
      const changed = after.declarations.filter(({ hash }, index) => hash !== before.declarations[index]?.hash)
      assert.deepStrictEqual(
        changed.map(({ name }) => name),
        ["limit"]
      )
    })
  )
  it.effect("gives the time of change of every file read", () =>
    Effect.gen(function* () {
      const { modules } = yield* fingerprintOf(base)
      assert.strictEqual(modules.length, 4)
      assert.isTrue(modules.every(({ modifiedMs }) => modifiedMs > 0))
    })
  )
})

describe("what is refused", () => {
  const refused: ReadonlyArray<readonly [string, string]> = [
    ["import() of a computed name", "return import(name)"],
    ["eval", "return eval('1')"],
    ["eval", "return (0, eval)('1')"],
    ["globalThis.eval", "return globalThis.eval('1')"],
    ["new Function", "return new Function('return 1')"],
    ["Function()", "return Function('return 1')"],
    ["require of a computed name", "return require(name)"],
    ["createRequire", "const load = createRequire(import.meta.url); return load('x')"],
    ["new URL of a computed path", "return new URL(name, import.meta.url)"],
    ["import.meta.resolve of a computed name", "return import.meta.resolve(name)"]
  ]
  for (const [construct, body] of refused) {
    it.effect(`${construct}: ${body}`, () =>
      Effect.gen(function* () {
        const failure = yield* Effect.flip(
          fingerprintOf({
            "main.ts": stageFile(`import { f } from "./m.ts"`, "return f()"),
            "m.ts": `// first\n/* second */ const name = "x"\nexport const f = async () => {\n\n  ${body}\n}`
          })
        )
        assert.include(failure.message, construct)
        assert.include(failure.message, "m.ts, line 5")
      })
    )
  }
  it.effect("a stage that is not there, or there twice", () =>
    Effect.gen(function* () {
      const absent = yield* Effect.flip(fingerprintOf({ "main.ts": "export {}" }))
      assert.include(absent.message, `no top-level declaration holds a stage with the name "work"`)
      const twice = yield* Effect.flip(
        fingerprintOf({
          "main.ts": `${stageFile("", "return 1")}export const again = stage({ module: import.meta.url, name: "work" })`
        })
      )
      assert.include(twice.message, `2 stages have the name "work"`)
    })
  )
  it.effect("an import that leads nowhere", () =>
    Effect.gen(function* () {
      const file = yield* Effect.flip(fingerprintOf({ "main.ts": stageFile(`import { f } from "./m.ts"`, "return f") }))
      assert.include(file.message, "there is no file")
      const pkg = yield* Effect.flip(fingerprintOf({ "main.ts": stageFile(`import { f } from "lib"`, "return f") }))
      assert.include(pkg.message, `the package "lib" is not installed`)
    })
  )
  it.effect("text that Node cannot run", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(
        fingerprintOf({
          "main.ts": stageFile(`import { f } from "./m.ts"`, "return f"),
          "m.ts": "export enum f { a }"
        })
      )
      assert.include(failure.message, "m.ts")
      assert.include(failure.message, "not a module that Node can run")
    })
  )
})
