/** What the linter holds to: sound code, imports that point one way, and stages that know neither clock nor disk. */
import { defineConfig } from "oxlint"

/** The rooms of src/, and the rooms that each may import. */
const rooms = {
  pipeline: ["runtime"],
  runtime: [],
  graph: [],
  text: [],
  source: ["pipeline", "store"],
  store: [],
  table: ["pipeline"],
  model: ["graph", "pipeline", "runtime"],
  report: ["pipeline"],
  engine: ["pipeline", "runtime", "source", "store", "table"],
  cli: ["engine", "pipeline", "report", "runtime", "source", "store", "table"]
} as const satisfies { readonly [room: string]: ReadonlyArray<string> }

type Room = keyof typeof rooms
const everyRoom = Object.keys(rooms) as ReadonlyArray<Room>

interface Ban {
  /** Matched against what is written between the quotes of an import. */
  readonly regex: string
  readonly message: string
}

const barrels: Ban = {
  regex: "^(effect|@effect/platform-node)$",
  message: 'Import the module itself ("effect/Effect"): a barrel loads everything at start-up.'
}
const onnxRuntime: Ban = {
  regex: "^onnxruntime-node",
  message: "Only src/runtime/child.ts may load ONNX Runtime, for it runs in a process of its own."
}
/** Files of the room that carry the contract begin with a capital; those that carry it out do not. */
const liveRuntime: Ban = {
  regex: "/runtime/[a-z]",
  message: "Ask for the OnnxRuntime service: the command line alone knows how it is provided."
}
const world: Ban = {
  regex:
    "^(node:|@effect/platform-node|effect/(FileSystem|Path|Terminal|Clock|Random|Config|ConfigProvider|http|process))",
  message: "What a stage reads and writes passes through the engine: no file, network, clock or chance."
}
const within = (names: ReadonlyArray<string>, message: string): ReadonlyArray<Ban> =>
  names.length === 0 ? [] : [{ regex: `^(\\.\\./)+(src/)?(${names.join("|")})/`, message }]

const bans = (...patterns: ReadonlyArray<Ban>) => ["error", { patterns: [...patterns] }] as const

const banned = (room: Room): ReadonlyArray<Ban> => {
  const allowed: ReadonlyArray<string> = [room, ...rooms[room]]
  return [
    barrels,
    onnxRuntime,
    ...(room === "cli" || room === "runtime" ? [] : [liveRuntime]),
    ...within(["stages", "pipelines", "test", "bench"], "Imports point from pipelines to stages to src, never back."),
    ...within(
      everyRoom.filter((other) => !allowed.includes(other)),
      `Of the other rooms, src/${room} may import ${rooms[room].join(", ") || "none"}.`
    )
  ]
}

/** The rooms whose functions stages are made of: what they compute hangs on nothing but what they are given. */
const pure: ReadonlyArray<Room> = ["pipeline", "graph", "model", "text", "report"]

const ambient = ["Date", "process", "performance", "crypto", "fetch", "setTimeout", "setInterval", "setImmediate"]
const ambientRules = {
  "no-restricted-globals": [
    "error",
    ...ambient.map((name) => ({ name, message: "A result may hang on nothing but inputs and config." }))
  ],
  "no-restricted-properties": [
    "error",
    ...["performance", "process", "crypto"].map((property) => ({ object: "globalThis", property })),
    { object: "Math", property: "random", message: "Draw from a generator seeded by the config." }
  ]
} as const

export default defineConfig({
  plugins: ["typescript", "unicorn", "oxc", "import", "promise", "vitest"],
  categories: { correctness: "error", suspicious: "error" },
  ignorePatterns: ["dist", "cache"],
  rules: {
    "typescript/no-explicit-any": "error",
    "typescript/no-non-null-assertion": "error",
    "typescript/consistent-type-imports": "error",
    "import/no-cycle": "error",
    "no-console": "error",
    "no-restricted-imports": bans(barrels),
    // Tags of unions begin with an underscore; inner names may repeat outer ones where the outer is out of mind.
    "no-underscore-dangle": "off",
    "no-shadow": "off",
    // Fresh arrays are sorted in place; a helper beside its only use reads better than one far away.
    "unicorn/no-array-sort": "off",
    "unicorn/no-array-reverse": "off",
    "unicorn/consistent-function-scoping": "off",
    "unicorn/no-thenable": "off",
    "no-new": "off",
    "no-useless-concat": "off",
    // Tests assert with chai's assert, and skip what the machine has no device for.
    "vitest/expect-expect": "off",
    "vitest/no-conditional-tests": "off",
    "vitest/no-disabled-tests": "off",
    "vitest/valid-describe-callback": "off",
    "vitest/valid-title": "off"
  },
  overrides: [
    ...everyRoom.map((room) => ({
      files: [`src/${room}/**/*.ts`],
      rules: { "no-restricted-imports": bans(...banned(room), ...(pure.includes(room) ? [world] : [])) }
    })),
    { files: ["src/runtime/child.ts"], rules: { "no-restricted-imports": bans(barrels) } },
    // Threads change no result: what they are given and give back are texts and ids.
    {
      files: ["src/text/thread.ts", "src/text/threads.ts"],
      rules: { "no-restricted-imports": bans(...banned("text")) }
    },
    {
      files: ["stages/**/*.ts"],
      rules: {
        "no-restricted-imports": bans(
          barrels,
          onnxRuntime,
          liveRuntime,
          world,
          ...within(["cli", "engine", "store"], "A stage knows nothing of the engine that runs it."),
          ...within(["pipelines", "test", "bench"], "Imports point from pipelines to stages to src, never back.")
        )
      }
    },
    {
      files: ["pipelines/*.ts"],
      rules: {
        "no-restricted-imports": bans(barrels, onnxRuntime, world, {
          regex: "/src/",
          message: 'A pipeline is written in the words of "tanren" and of stages.'
        })
      }
    },
    { files: ["stages/**/*.ts", ...pure.map((room) => `src/${room}/**/*.ts`)], rules: ambientRules },
    { files: ["bin/**", "build/**", "bench/**", "pipelines/*/make/**"], rules: { "no-console": "off" } }
  ]
})
