/** What a stage will take, told beforehand from what is known of its inputs and its config. No result depends on it. */
import type * as Effect from "effect/Effect"
import type { FilesReader, StageFailure } from "./Reader.ts"

/** Bytes of memory by what holds them. */
export interface Memory {
  /** Weights as they lie in their files: processes share them. */
  readonly weights: number
  /** Weights in another element type than that of their files, in each process. */
  readonly converted: number
  /** The part of `weights` that is read only to be converted: a device does not keep it. */
  readonly replaced: number
  /** What stays between two runs of a graph, in the host memory of each process: an adapter, its moments, a cache. */
  readonly registers: number
  /** What one run of a graph holds at its fullest, in each process, on its device. */
  readonly activations: number
}

/** A change of the config, and the memory that it would leave. */
export interface Remedy {
  /** As a person writes it: `recomputation: "layers"`. */
  readonly option: string
  readonly memory: Memory
}

/** A smaller use of the same stage, to be watched while it computes. */
export interface Probe {
  readonly inputs: unknown
  readonly config: unknown
  readonly flop: number
  readonly memory: Memory
}

/** What is known of the work on outputs and of the outputs themselves; a stage that computes nothing leaves out `work`. */
export interface Estimate {
  /** Rows of output tables that the config decides, whatever a sample gives. */
  readonly rows?: { readonly [output: string]: number }
  readonly work?: {
    readonly tokens: number
    /** Operations of matrix products; a multiplication and an addition each count as one. */
    readonly flop: number
    readonly memory: Memory
    /** Options that lower the memory, each with those before it. */
    readonly remedies: () => ReadonlyArray<Remedy>
    readonly probe: Probe
  }
  /** The adapters of output models: what there will be to read of them. */
  readonly adapters?: { readonly [output: string]: FilesReader }
}

/**
 * Estimates one use of a stage. It gets readers like those of the stage, but of samples: a table's `rows` is how many it
 * will have, its batches give fewer, drawn evenly. Weights may not be on this machine: of them the sizes are known.
 */
export type Estimator<Readers, Config> = (inputs: Readers, config: Config) => Effect.Effect<Estimate, StageFailure>
