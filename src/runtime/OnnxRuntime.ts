/** The service through which all model arithmetic runs: programs go in, tensors come out, sessions live elsewhere. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { RuntimeFailure } from "./Errors.ts"

/** Element types that cross between host and runtime. */
export type HostElement = "float32" | "float16" | "int32" | "int64" | "uint32" | "uint8" | "bool"

/** The array that carries each element type on the host; float16 travels as its bits, bool as 0 and 1. */
export interface HostArrays {
  readonly float32: Float32Array
  readonly float16: Uint16Array
  readonly int32: Int32Array
  readonly int64: BigInt64Array
  readonly uint32: Uint32Array
  readonly uint8: Uint8Array
  readonly bool: Uint8Array
}

/** A dense row-major tensor in host memory. */
export type HostTensor = {
  readonly [E in HostElement]: {
    readonly element: E
    readonly shape: ReadonlyArray<number>
    readonly data: HostArrays[E]
  }
}[HostElement]

/** The devices that a layer can be built for. */
export type ExecutionProvider = "cpu" | "webgpu" | "cuda"

/**
 * What decides the bits of a result besides the program itself: part of the key of every stage that computes.
 * `options` lists the session options that change bits (prepacking, optimisation level), in a fixed order.
 */
export interface ComputeIdentity {
  readonly provider: ExecutionProvider
  readonly runtimeVersion: string
  readonly options: string
}

/** A row-major matrix in a file, of which runs read rows. */
export interface StoredMatrix {
  /** An absolute path. */
  readonly file: string
  /** Where the first row begins, in bytes. */
  readonly offset: number
  readonly element: "float32" | "float16" | "bfloat16"
  readonly rows: number
  readonly columns: number
}

/**
 * A serialised ONNX model and the files that hold its weights.
 * `files` maps each external-data location named in the model to the absolute path of a regular file.
 * `matrices` are those that inputs are rows of: such an input is fed with their numbers, int32 [n], and the model
 * receives them, [n, columns], with bfloat16 as float32. No other row of a matrix comes into memory.
 */
export interface Program {
  readonly name: string
  readonly model: Uint8Array
  readonly files: Readonly<Record<string, string>>
  readonly matrices?: Readonly<Record<string, StoredMatrix>>
  /** Its matrix products, if they are all that the number of threads may decide bits of. */
  readonly products?: ReadonlyArray<Product> | undefined
}

/** A matrix product, [rows, inner] by [inner, columns]. Sizes that a run decides are undefined. */
export interface Product {
  /** At least so many are computed side by side. */
  readonly count: number
  readonly rows: number | undefined
  readonly inner: number | undefined
  readonly columns: number | undefined
}

/**
 * One execution: inputs come from `feeds` (host tensors) or `resident` (input name → register name);
 * outputs named in `fetch` come back to the host, outputs in `keep` (output name → register name) stay where the
 * session runs and can feed later calls of any session of the same runtime. An output named in neither is dropped.
 */
export interface Call {
  readonly feeds: Readonly<Record<string, HostTensor>>
  readonly resident?: Readonly<Record<string, string>>
  readonly fetch: ReadonlyArray<string>
  readonly keep?: Readonly<Record<string, string>>
}

/**
 * Where a session reads weights from. Their files: nothing is read before it is needed, and all sessions share the
 * memory. Or a copy, packed as products read it: those of few rows take half the time and less, and the number of threads
 * decides no bit of them. The two give different bits.
 */
export type Weights = "in files" | "packed"

/** A loaded program. */
export interface Session {
  readonly run: (call: Call) => Effect.Effect<Readonly<Record<string, HostTensor>>, RuntimeFailure>
}

/** Loads programs and owns the registers between calls. A session and its process end with the scope that opened it. */
export class OnnxRuntime extends Context.Service<
  OnnxRuntime,
  {
    readonly identity: ComputeIdentity
    /**
     * A process of its own for one stage: sessions opened in it share registers; closing the scope ends it at once,
     * whatever it is computing. A crash or a kill by the operating system fails every pending call with a typed reason.
     */
    readonly acquire: Effect.Effect<RuntimeProcess, RuntimeFailure, Scope.Scope>
    /**
     * All the processes that one stage may have, each with registers of its own and, where there are several devices, on
     * one of its own. How many they are is part of no key, so it must change no bit of a result.
     */
    readonly acquireAll: Effect.Effect<RuntimeProcesses, RuntimeFailure, Scope.Scope>
  }
>()("tanren/runtime/OnnxRuntime") {}

/** Processes that compute side by side; there is at least one. */
export type RuntimeProcesses = NonEmptyReadonlyArray<RuntimeProcess>

/** One runtime process: a device, its sessions, its registers. */
export interface RuntimeProcess {
  readonly open: (program: Program, weights?: Weights) => Effect.Effect<Session, RuntimeFailure>
  /** Places host tensors into registers. */
  readonly put: (tensors: Readonly<Record<string, HostTensor>>) => Effect.Effect<void, RuntimeFailure>
  /** Reads registers back. */
  readonly get: (names: ReadonlyArray<string>) => Effect.Effect<Readonly<Record<string, HostTensor>>, RuntimeFailure>
  /** Forgets registers and frees their memory. */
  readonly release: (names: ReadonlyArray<string>) => Effect.Effect<void, RuntimeFailure>
}
