/** The live OnnxRuntime service: a process for each stage, on one execution provider. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { tmpdir } from "node:os"
import { connect, type Connection } from "./connection.ts"
import { ProviderMissing, type ProcessLost, type RuntimeFailure, SessionFailure } from "./Errors.ts"
import {
  type ExecutionProvider,
  OnnxRuntime,
  type Program,
  type RuntimeProcess,
  type RuntimeProcesses,
  type Session
} from "./OnnxRuntime.ts"
import type { Request, Tensors } from "./protocol.ts"
import { defaultThreads, devicesOf, environment, identityOf, refusal, remedy, sessionOptions } from "./provider.ts"
import { makeScratch, type Scratch } from "./scratch.ts"

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

/** Asks for something that fails by its own reason, which `refuse` turns into the failure of the caller. */
const request = <E>(
  connection: Connection,
  body: Request,
  tensors: Tensors,
  refuse: (reason: string) => Effect.Effect<never, E>
): Effect.Effect<Tensors, E | ProcessLost> =>
  Effect.flatMap(connection.ask({ body, tensors }), (reply) =>
    reply.body._tag === "Failed" ? refuse(reply.body.reason) : Effect.succeed(reply.tensors)
  )

/** A register that is not there was never written: a bug of the stage, not an event of the world. */
const misuse = (reason: string) => Effect.die(new Error(`internal: ${reason}`))

const startProvider = (
  connection: Connection,
  { intraOpThreads = defaultThreads, provider }: Options,
  device: number | undefined
): Effect.Effect<void, ProviderMissing | ProcessLost> => {
  const refuse = (reason: string) =>
    Effect.flatMap(connection.end, (lastWords) =>
      Effect.fail(
        new ProviderMissing({
          provider,
          reason: refusal(provider, reason, lastWords),
          remedy: remedy[provider]
        })
      )
    )
  const body: Request = { _tag: "Start", options: sessionOptions(provider, intraOpThreads, device) }
  return Effect.asVoid(request(connection, body, {}, refuse))
}

const makeProcess = (connection: Connection, scratch: Scratch): RuntimeProcess => {
  let opened = 0
  const open = Effect.fn("OnnxRuntime.open")(function* (program: Program): Effect.fn.Return<Session, RuntimeFailure> {
    const refuse = (reason: string) => Effect.fail(new SessionFailure({ program: program.name, reason }))
    const session = opened++
    const path = yield* scratch.place(program)
    yield* request(connection, { _tag: "Open", session, path }, {}, refuse)
    return {
      run: ({ feeds, fetch, keep = {}, resident = {} }) =>
        request(connection, { _tag: "Run", session, resident, fetch, keep }, feeds, refuse)
    }
  })
  return {
    open,
    put: (tensors) => Effect.asVoid(request(connection, { _tag: "Put" }, tensors, misuse)),
    get: (names) => request(connection, { _tag: "Get", names }, {}, misuse),
    release: (names) => Effect.asVoid(request(connection, { _tag: "Release", names }, {}, misuse))
  }
}

/** The process goes before its scratch space: a file in use cannot be removed everywhere. */
const acquire = (
  options: Options,
  device: number | undefined
): Effect.Effect<RuntimeProcess, RuntimeFailure, Scope.Scope> =>
  Effect.gen(function* () {
    const scratch = yield* makeScratch(options.scratchDirectory ?? tmpdir())
    const connection = yield* connect({ ...environment[options.provider], ...options.environment })
    yield* startProvider(connection, options, device)
    return makeProcess(connection, scratch)
  }).pipe(Effect.withSpan("OnnxRuntime.acquire"))

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
