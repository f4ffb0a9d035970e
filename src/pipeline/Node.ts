/** A node is one use of a stage: which stage, with which config, reading what. Building one does nothing. */
import type * as Schema from "effect/Schema"
import type { Artifact, InputTree } from "./Artifact.ts"
import type { Estimator } from "./Estimate.ts"
import type { AnyStage } from "./Stage.ts"

/** What a node promises at one of its outputs. */
export type OutputPromise =
  | { readonly kind: "table"; readonly schema: Schema.Codec<unknown, unknown> }
  | { readonly kind: "value"; readonly schema: Schema.Codec<unknown, unknown> }
  | { readonly kind: "model" }
  | { readonly kind: "files" }

export interface Node {
  readonly stage: AnyStage
  /** Decoded configuration, as the stage's schema describes it. */
  readonly config: unknown
  readonly inputs: { readonly [name: string]: InputTree }
  readonly outputs: { readonly [name: string]: OutputPromise }
  /** What people see; it takes no part in the key. */
  readonly label: string
  /** Loads what tells beforehand what the work takes; it takes no part in the key either. */
  readonly estimate?: () => Promise<Estimator<never, never>>
}

/** The artifact that a node promises at an output. */
export const outputOf = (node: Node, output: string, promise: OutputPromise): Artifact => {
  const origin = { kind: "node", node, output } as const
  switch (promise.kind) {
    case "table":
      return { kind: "table", schema: promise.schema, origin }
    case "value":
      return { kind: "value", schema: promise.schema, origin }
    case "model":
      return { kind: "model", origin }
    case "files":
      return { kind: "files", origin }
  }
}
