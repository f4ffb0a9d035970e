/** A stage is a pure function with a name, a config schema, and ports: the vocabulary that pipelines are made of. */
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { OnnxRuntime } from "../runtime/OnnxRuntime.ts"
import type { Artifact, Files, InputTree, Model, Table, Value } from "./Artifact.ts"
import type { Estimator } from "./Estimate.ts"
import { type Node, outputOf, type OutputPromise } from "./Node.ts"
import type { ContentOf, ReaderOf, StageFailure } from "./Reader.ts"

/** A port says which artifact goes in or comes out; a table or value port with a schema also says of what. */
export interface Port<out A extends InputTree> {
  readonly port: "table" | "model" | "value" | "files" | "tree"
  readonly schema: Schema.Codec<unknown, unknown> | null
  /** Carries the artifact's type; never present at run time. */
  readonly _artifact?: A
}

/** Any table; the stage reads its rows as plain records. A node of the stage says the schema of such an output. */
export const anyTable: Port<Table<unknown>> = { port: "table", schema: null }

/** A table whose rows have at least the columns of the schema. */
export const tableOf = <Row>(schema: Schema.Codec<Row, unknown>): Port<Table<Row>> => ({ port: "table", schema })

/** A model: a base, tuned or not. */
export const aModel: Port<Model> = { port: "model", schema: null }

/** A value that the schema describes. */
export const valueOf = <A>(schema: Schema.Codec<A, unknown>): Port<Value<A>> => ({ port: "value", schema })

/** Named files. */
export const someFiles: Port<Files> = { port: "files", schema: null }

/** A list or record of artifacts, nested at will. */
export const treeOf = <Tree extends InputTree>(): Port<Tree> => ({ port: "tree", schema: null })

type Ports = { readonly [name: string]: Port<InputTree> }
type OutputPorts = { readonly [name: string]: Port<Artifact> }
type ArtifactOf<P> = P extends Port<infer A> ? A : never

/** What a stage's function receives for its input ports. */
export type Readers<Inputs extends Ports> = { readonly [Name in keyof Inputs]: ReaderOf<ArtifactOf<Inputs[Name]>> }

/** What it gives back for its output ports. */
export type Contents<Outputs extends OutputPorts> = {
  readonly [Name in keyof Outputs]: ContentOf<ArtifactOf<Outputs[Name]>>
}

/**
 * The definition of a stage. `run` may ask for nothing but the runtime, and for that only when `computes` is true:
 * file system, network and clock are not in its type. `module` is `import.meta.url` of the file that declares it; the
 * declaration must be at the top level of that file, which is where the code fingerprint starts.
 */
export interface Stage<Config, Inputs extends Ports, Outputs extends OutputPorts, Computes extends boolean> {
  readonly name: string
  readonly module: string
  /** Whether the stage uses the runtime: then provider, runtime version and options are part of its key. */
  readonly computes: Computes
  readonly config: Schema.Codec<Config, unknown>
  readonly inputs: Inputs
  readonly outputs: Outputs
  /**
   * Fields of the config that say only how far the work goes, and change nothing on the way there: from what was kept
   * of a shorter work (see `Checkpoints`) a longer one goes on. None where it is left out.
   */
  readonly extent?: (config: Config) => ReadonlyArray<keyof Config>
  readonly run: (
    inputs: Readers<Inputs>,
    config: Config
  ) => Effect.Effect<Contents<Outputs>, StageFailure, Computes extends true ? OnnxRuntime : never>
}

/** A stage of which the types are forgotten: how the engine sees it. */
export interface AnyStage {
  readonly name: string
  readonly module: string
  readonly computes: boolean
  readonly config: Schema.Codec<unknown, unknown>
  readonly inputs: Ports
  readonly outputs: OutputPorts
  readonly extent?: (config: never) => ReadonlyArray<PropertyKey>
  readonly run: (
    inputs: never,
    config: never
  ) => Effect.Effect<{ readonly [name: string]: unknown }, StageFailure, OnnxRuntime>
}

/** Declares a stage. */
export const stage = <
  Config,
  const Inputs extends Ports,
  const Outputs extends OutputPorts,
  const Computes extends boolean
>(
  definition: Stage<Config, Inputs, Outputs, Computes>
): Stage<Config, Inputs, Outputs, Computes> => definition

/** The schemas that a node must say: of each table that the stage declares only as "any table". */
type OpenTables<Outputs extends OutputPorts> = {
  readonly [
    Name in keyof Outputs as ArtifactOf<Outputs[Name]> extends Table<infer Row>
      ? unknown extends Row
        ? Name
        : never
      : never
  ]: Schema.Codec<unknown, unknown>
}

/** The artifacts of a node; an open table has the row of the schema given for it. */
type Promised<Outputs extends OutputPorts, Schemas> = {
  readonly [Name in keyof Outputs]: Name extends keyof Schemas
    ? Schemas[Name] extends Schema.Codec<infer Row, unknown>
      ? Table<Row>
      : never
    : ArtifactOf<Outputs[Name]>
}

/** The artifacts that fit a stage's input ports. */
export type Inputs<I extends Ports> = { readonly [Name in keyof I]: ArtifactOf<I[Name]> }

const promiseOf = (port: Port<Artifact>, schema: Schema.Codec<unknown, unknown> | undefined): OutputPromise => {
  const described = schema ?? port.schema
  switch (port.port) {
    case "table":
    case "value":
      if (described === null) throw new Error(`internal: an output of kind ${port.port} has no schema`)
      return { kind: port.port, schema: described }
    case "model":
    case "files":
      return { kind: port.port }
    case "tree":
      throw new Error("internal: an output port cannot be a tree")
  }
}

/**
 * Uses a stage: a node of the pipeline, as the artifacts that it will give. Nothing runs.
 * `schemas` names the rows of outputs declared as `anyTable`; `label` is what people see; `estimate` loads what tells
 * beforehand what the work takes, and stands here rather than in the stage so that no key depends on it.
 */
export const apply = <
  Config,
  I extends Ports,
  O extends OutputPorts,
  Computes extends boolean,
  const Schemas extends OpenTables<O>
>(
  used: Stage<Config, I, O, Computes>,
  use: {
    readonly config: NoInfer<Config>
    readonly inputs: Inputs<I>
    readonly schemas: Schemas
    readonly label?: string
    readonly estimate?: () => Promise<Estimator<Readers<I>, Config>>
  }
): Promised<O, Schemas> => {
  const schemas: { readonly [name: string]: Schema.Codec<unknown, unknown> } = use.schemas
  const outputs = Object.fromEntries(
    Object.entries(used.outputs).map(([name, port]) => [name, promiseOf(port, schemas[name])])
  )
  const node: Node = {
    stage: used,
    config: use.config,
    inputs: use.inputs,
    outputs,
    label: use.label ?? used.name,
    ...(use.estimate === undefined ? {} : { estimate: use.estimate })
  }
  const artifacts = Object.fromEntries(
    Object.entries(outputs).map(([name, promise]) => [name, outputOf(node, name, promise)])
  )
  // Each artifact was made from the port of its name: the record has the type that the ports declare.
  return artifacts as Promised<O, Schemas>
}
