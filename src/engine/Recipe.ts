/** A recipe is an experiment laid out for work: every node once, after the nodes it reads, under a name of its own. */
import * as Effect from "effect/Effect"
import type { Artifact, Outside } from "../pipeline/Artifact.ts"
import type { Experiment } from "../pipeline/Experiment.ts"
import type { Node } from "../pipeline/Node.ts"
import type { StageFailure } from "../pipeline/Reader.ts"
import { describeRow } from "../table/RowSchema.ts"
import type { CodeFailure } from "./code/Errors.ts"
import { type Fingerprint, fingerprint } from "./code/fingerprint.ts"
import { openView } from "./code/View.ts"
import { canonicalConfig, type CanonicalConfig } from "./config/canonicalConfig.ts"
import { ConfigFailure } from "./config/Errors.ts"
import { CodeMoved } from "./Errors.ts"
import * as Tree from "./Tree.ts"

/** A leaf of a step's inputs: an output of an earlier step, or files from outside. */
export type Source =
  | { readonly kind: "step"; readonly step: Step; readonly output: string }
  | { readonly kind: "external"; readonly files: Outside; readonly as: "files" | "model" }

/** One node to obtain. */
export interface Step {
  /** Unique in its recipe: the node's label, numbered when several share it. */
  readonly name: string
  readonly node: Node
  /** The code in memory, which is what will run: taken once, before anything does. */
  readonly code: Fingerprint
  readonly config: CanonicalConfig
  /** The rows of each output table, in canonical words. */
  readonly rows: { readonly [output: string]: string }
  readonly inputs: { readonly [name: string]: Tree.Tree<Source> }
}

export interface Recipe {
  readonly experiment: Experiment
  /** Each step comes after those it reads. */
  readonly steps: ReadonlyArray<Step>
  /** What is behind an artifact of the experiment. */
  readonly sourceOf: (artifact: Artifact) => Source
}

/** Everything that an experiment asks for, by name. */
export const goals = (experiment: Experiment): ReadonlyArray<Artifact> => [
  ...Object.values(experiment.results).flatMap((row) => Object.values(row)),
  ...Object.values(experiment.outputs),
  ...(experiment.report === null ? [] : [experiment.report])
]

/** Fingerprints code that was loaded at some time; code that is younger than that is not the code in memory. */
const codeLoadedAt = (loadedAtMs: number) => {
  const known = new Map<Node["stage"], Fingerprint>()
  const view = openView()
  return (stage: Node["stage"]): Effect.Effect<Fingerprint, CodeFailure | CodeMoved> => {
    const before = known.get(stage)
    if (before !== undefined) return Effect.succeed(before)
    return Effect.flatMap(fingerprint(stage, view), (code) => {
      const younger = code.modules.filter(({ modifiedMs }) => modifiedMs > loadedAtMs)
      if (younger.length > 0) return Effect.fail(new CodeMoved({ paths: younger.map(({ path }) => path) }))
      known.set(stage, code)
      return Effect.succeed(code)
    })
  }
}

/**
 * Lays out an experiment whose code was loaded at a time in milliseconds since 1970. Nodes of one stage with equal
 * configs, inputs and rows become one step, however often the pipeline file built them.
 *
 * Fails when a config does not fit its stage's schema or holds a function that is not closed, when a row has columns that
 * no table can hold, and when code cannot be followed by reading it or changed since it was loaded.
 */
export const recipeOf = (experiment: Experiment, loadedAtMs: number): Effect.Effect<Recipe, StageFailure> =>
  Effect.gen(function* () {
    const codeOf = codeLoadedAt(loadedAtMs)
    const steps: Array<Step> = []
    const byNode = new Map<Node, Step>()
    const byIdentity = new Map<string, Step>()
    const positions = new Map<Step, number>()
    const labels = new Map<string, number>()

    const uniqueName = (label: string): string => {
      const uses = (labels.get(label) ?? 0) + 1
      labels.set(label, uses)
      return uses === 1 ? label : uniqueName(`${label}#${uses}`)
    }

    const identify = (source: Source): unknown =>
      source.kind === "step"
        ? { step: positions.get(source.step), output: source.output }
        : { as: source.as, files: source.files }

    const sourceOf = (artifact: Artifact): Source => {
      if (artifact.origin.kind !== "node") {
        return { kind: "external", files: artifact.origin, as: artifact.kind === "model" ? "model" : "files" }
      }
      const step = byNode.get(artifact.origin.node)
      if (step === undefined) throw new Error(`internal: "${artifact.origin.node.label}" is not part of the recipe`)
      return { kind: "step", step, output: artifact.origin.output }
    }

    const visit = (node: Node): Effect.Effect<void, StageFailure> =>
      Effect.gen(function* () {
        if (byNode.has(node)) return
        const trees = Object.entries(node.inputs).map(([name, input]) => [name, Tree.treeOf(input)] as const)
        for (const [, tree] of trees) {
          for (const artifact of Tree.leaves(tree)) {
            if (artifact.origin.kind === "node") yield* visit(artifact.origin.node)
          }
        }
        const inputs = Object.fromEntries(trees.map(([name, tree]) => [name, Tree.map(tree, sourceOf)]))
        const code = yield* codeOf(node.stage)
        const config = yield* canonicalConfig(node.stage.config, node.config, describeRow).pipe(
          Effect.mapError(({ problems }) => new ConfigFailure({ node: node.label, problems }))
        )
        const rows: Record<string, string> = {}
        for (const [name, promise] of Object.entries(node.outputs)) {
          if (promise.kind === "table") rows[name] = yield* describeRow(promise.schema)
        }
        const identity = JSON.stringify([
          node.stage.module,
          node.stage.name,
          config.text,
          rows,
          Object.entries(inputs).map(([name, tree]) => [name, Tree.unwrap(Tree.map(tree, identify))])
        ])
        const known = byIdentity.get(identity)
        const step = known ?? { name: uniqueName(node.label), node, code, config, rows, inputs }
        byNode.set(node, step)
        if (known !== undefined) return
        byIdentity.set(identity, step)
        positions.set(step, steps.length)
        steps.push(step)
      })

    for (const goal of goals(experiment)) if (goal.origin.kind === "node") yield* visit(goal.origin.node)
    return { experiment, steps, sourceOf }
  })

/** The steps that a step reads directly, each once. */
export const dependencies = (step: Step): ReadonlyArray<Step> => [
  ...new Set(
    Object.values(step.inputs)
      .flatMap(Tree.leaves)
      .flatMap((source) => (source.kind === "step" ? [source.step] : []))
  )
]
