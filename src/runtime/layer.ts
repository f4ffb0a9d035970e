/** The live OnnxRuntime service: a process for each stage, on one execution provider. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { RuntimeFailure } from "./Errors.ts"
import { type ExecutionProvider, OnnxRuntime, type RuntimeProcess, type RuntimeProcesses } from "./OnnxRuntime.ts"
import { defaultThreads, devicesOf, identityOf } from "./provider.ts"

export interface Options {
  readonly provider: ExecutionProvider
  /**
   * Threads within one operator, 8 when left out. More serve a machine with more cores, but the number decides bits and
   * so belongs to the identity: results made with another number are not found again.
   */
  readonly intraOpThreads?: number
  /** The first CUDA device, counted from 0. */
  readonly device?: number
  /**
   * How many processes one stage may have side by side, 1 when left out. On CUDA each has a device of its own, from
   * `device` on; on other providers they share what there is. The number decides no bits.
   */
  readonly processes?: number
  /**
   * Where sessions put their files, the system's temporary directory when left out: best on the file system of the
   * weights, so that they can be linked.
   */
  readonly scratchDirectory?: string
  /** Variables for the process, beside those it inherits. */
  readonly environment?: Readonly<Record<string, string>>
}

/** The code behind it is loaded by the first stage that computes. */
const acquire = (
  options: Options,
  device: number | undefined
): Effect.Effect<RuntimeProcess, RuntimeFailure, Scope.Scope> =>
  Effect.flatMap(
    Effect.promise(() => import("./process.ts")),
    ({ startProcess }) => startProcess(options, device)
  )

const acquireAll = (options: Options): Effect.Effect<RuntimeProcesses, RuntimeFailure, Scope.Scope> =>
  Effect.forEach(
    devicesOf(options.provider, options.processes ?? 1, options.device),
    (device) => acquire(options, device),
    { concurrency: "unbounded" }
  )

/**
 * The runtime on one execution provider.
 *
 * A process starts when it is acquired; the layer itself holds nothing. Acquiring fails with `ProviderMissing` when the
 * provider is not there or leaves its work to the CPU. Registers live in host memory on every provider: CUDA has no
 * other kind, and with WebGPU a tensor on the device cannot be read back safely.
 */
export const layer = (options: Options): Layer.Layer<OnnxRuntime> =>
  Layer.sync(OnnxRuntime, () =>
    OnnxRuntime.of({
      identity: identityOf(options.provider, options.intraOpThreads ?? defaultThreads),
      acquire: acquire(options, options.device),
      acquireAll: acquireAll(options)
    })
  )

/** The runtime on the CPU, with every option as it comes. */
export const layerCpu: Layer.Layer<OnnxRuntime> = layer({ provider: "cpu" })
