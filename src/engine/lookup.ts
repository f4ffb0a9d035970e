/** Finding a step's result: its key, and what the store has under it. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { StageFailure } from "../pipeline/Reader.ts"
import type { OnnxRuntime } from "../runtime/OnnxRuntime.ts"
import type { Sources } from "../source/Sources.ts"
import type { ActionRecord } from "../store/ActionRecord.ts"
import type { StoreFailure } from "../store/Errors.ts"
import type { ObjectRef } from "../store/ObjectRef.ts"
import { Store } from "../store/Store.ts"
import { resolveExternal } from "./external.ts"
import { type Computing, type Identity, identify, identityOf, Ingredients } from "./identity.ts"
import { type InputsResolved, resolveOutput } from "./outputs.ts"
import type { Source, Step } from "./Recipe.ts"
import type { Resolved } from "./Resolved.ts"
import * as Tree from "./Tree.ts"
import { changes, describe } from "./why.ts"

/** A step whose result is known. */
export interface Known {
  readonly step: Step
  readonly identity: Identity
  readonly inputs: InputsResolved
  readonly outputs: { readonly [name: string]: Resolved }
  /** What the store says, or will say, under its key. */
  readonly record: ActionRecord
}

/** What a step read that comes from outside, and what it was. */
export const outsideInputs = ({
  inputs,
  step
}: Known): ReadonlyArray<{
  readonly source: Extract<Source, { readonly kind: "external" }>
  readonly digest: string
}> =>
  Object.entries(step.inputs).flatMap(([port, tree]) => {
    const resolved = inputs[port] === undefined ? [] : Tree.leaves(inputs[port])
    return Tree.leaves(tree).flatMap((source, index) => {
      const content = resolved[index]
      return source.kind === "external" && content !== undefined ? [{ source, digest: content.digest }] : []
    })
  })

/** Every input of a step, given what each of its sources is. */
export const resolveInputs = <E, R>(
  step: Step,
  resolve: (source: Source) => Effect.Effect<Resolved, E, R>
): Effect.Effect<InputsResolved, E, R> =>
  Effect.gen(function* () {
    const inputs: Record<string, Tree.Tree<Resolved>> = {}
    for (const [port, tree] of Object.entries(step.inputs)) inputs[port] = yield* Tree.mapEffect(tree, resolve)
    return inputs
  })

/** A source from outside, or the output of a step that is known. */
export const resolveSource =
  <E, R>(root: string, known: (step: Step) => Effect.Effect<Known, E, R>) =>
  (source: Source): Effect.Effect<Resolved, E | StageFailure, R | Store | Sources> =>
    source.kind === "external"
      ? resolveExternal(root, source.files, source.as)
      : Effect.map(known(source.step), outputAt(source))

/** What a known step gives at one of its outputs. */
export const outputAt =
  ({ output, step }: Extract<Source, { kind: "step" }>) =>
  ({ outputs }: Known): Resolved => {
    const resolved = outputs[output]
    if (resolved === undefined) throw new Error(`internal: "${step.name}" has no output "${output}"`)
    return resolved
  }

/** A step's outputs out of a record; null when a promised output is not there as promised. */
export const outputsOf = (
  { objects }: typeof Store.Service,
  step: Step,
  record: ActionRecord,
  inputs: InputsResolved
): { readonly [name: string]: Resolved } | null => {
  const outputs: Record<string, Resolved> = {}
  for (const [name, promise] of Object.entries(step.node.outputs)) {
    const output = record.outputs[name]
    const resolved =
      output === undefined ? null : resolveOutput(promise, output, inputs, (ref) => objects.path(ref.digest))
    if (resolved === null) return null
    outputs[name] = resolved
  }
  return outputs
}

/** How objects are looked at: see `Objects.verify`. */
export type Depth = "stat" | "content"

/**
 * The objects of a record, and how deep each is looked at. Tables have a depth of their own: since each part is checked byte for byte
 * before it is first read, their stat is enough unless that check has failed.
 */
const looks = (record: ActionRecord, depth: Depth, tables: Depth): ReadonlyArray<readonly [ObjectRef, Depth]> =>
  Object.values(record.outputs).flatMap(({ kind, objects }) =>
    Object.values(objects).map((ref) => [ref, kind === "table" ? tables : depth] as const)
  )

/** Whether all objects of a record are in the store, intact. */
export const intact = (
  record: ActionRecord,
  depth: Depth,
  tables: Depth = "stat"
): Effect.Effect<boolean, StoreFailure, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    let whole = true
    // To the end, so that all that is damaged goes and is made again at once.
    for (const [ref, seen] of looks(record, depth, tables)) {
      if (!(yield* store.objects.verify(ref, seen))) whole = false
    }
    return whole
  })

/** What the store says about a step: a result, or the reason why there is none. */
export type Lookup = Hit | { readonly kind: "miss"; readonly identity: Identity; readonly reason: string }

interface Hit {
  readonly kind: "hit"
  readonly known: Known
}

/** What a record is worth whose objects are there, intact, or not: null where it is no result. */
const resultOf = (
  store: typeof Store.Service,
  { identity, inputs, record, step }: Omit<Known, "outputs">,
  isWhole: boolean
): Hit | null => {
  const outputs = isWhole ? outputsOf(store, step, record, inputs) : null
  return outputs === null ? null : { kind: "hit", known: { step, identity, inputs, outputs, record } }
}

/** Looks a step up under its key. `depth` says how its objects are checked: see `Objects.verify`. */
export const lookup = (
  experiment: string,
  step: Step,
  inputs: InputsResolved,
  depth: Depth
): Effect.Effect<Lookup, StageFailure, Store | OnnxRuntime> =>
  Effect.gen(function* () {
    const store = yield* Store
    const identity = yield* identify(step, inputs)
    const record = yield* store.actions.get(identity.key)
    if (record === null) {
      return { kind: "miss", identity, reason: yield* reasonOfMiss(experiment, step, identity) }
    }
    return (
      resultOf(store, { step, identity, inputs, record }, yield* intact(record, depth)) ?? {
        kind: "miss",
        identity,
        reason: "its stored result is missing or damaged"
      }
    )
  })

/**
 * The same where a look finds the result: null where an object has to be read, and where there is none, whatever the
 * reason. Throws what the disk says.
 */
export const glance = (
  store: typeof Store.Service,
  computing: Computing,
  step: Step,
  inputs: InputsResolved,
  depth: Depth
): Hit | null => {
  const identity = identityOf(step, inputs, computing)
  const record = store.actions.find(identity.key)
  if (record === null) return null
  const isWhole = looks(record, depth, "stat").every(([ref, seen]) => store.objects.glance(ref, seen) === true)
  return resultOf(store, { step, identity, inputs, record }, isWhole)
}

/** The ingredients that a step of this name had last; null when it never ran. */
export const lastIngredients = (
  experiment: string,
  step: Step
): Effect.Effect<Ingredients | null, StoreFailure, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const key = (yield* store.runs.latest(experiment))[step.name]
    const record = key === undefined ? null : yield* store.actions.get(key)
    return record !== null && Schema.is(Ingredients)(record.ingredients) ? record.ingredients : null
  })

const reasonOfMiss = (experiment: string, step: Step, identity: Identity) =>
  Effect.map(lastIngredients(experiment, step), (last) => {
    if (last === null) return "it never ran"
    const found = changes(last, identity.ingredients)
    return found.length === 0 ? "its result is no longer in the store" : found.map(describe).join("; ")
  })
