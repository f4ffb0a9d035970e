/** One process of the runtime: started on its provider, asked through its connection, ended with its scope. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { tmpdir } from "node:os"
import { connect, type Connection } from "./connection.ts"
import { ProviderMissing, type ProcessLost, type RuntimeFailure, SessionFailure } from "./Errors.ts"
import type { Options } from "./layer.ts"
import type { ExecutionProvider, Program, RuntimeProcess, Session, Weights } from "./OnnxRuntime.ts"
import type { Request, SessionOptions, Tensors } from "./protocol.ts"
import { type Burden, defaultThreads, environment, refusal, remedy, sessionOptions } from "./provider.ts"
import { makeScratch, type Scratch } from "./scratch.ts"

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

type OptionsFor = (burden: Burden) => SessionOptions

const startProvider = (
  connection: Connection,
  provider: ExecutionProvider,
  optionsFor: OptionsFor
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
  const body: Request = { _tag: "Start", options: optionsFor({ weights: "in files", bytes: 0 }) }
  return Effect.asVoid(request(connection, body, {}, refuse))
}

const makeProcess = (connection: Connection, scratch: Scratch, optionsFor: OptionsFor): RuntimeProcess => {
  let opened = 0
  const open = Effect.fn("OnnxRuntime.open")(function* (
    program: Program,
    weights: Weights = "in files"
  ): Effect.fn.Return<Session, RuntimeFailure> {
    const refuse = (reason: string) => Effect.fail(new SessionFailure({ program: program.name, reason }))
    const session = opened++
    const { bytes, path } = yield* scratch.place(program)
    const { matrices = {}, products } = program
    const options = optionsFor({ weights, bytes, products })
    yield* request(connection, { _tag: "Open", session, path, matrices, options }, {}, refuse)
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

/**
 * Starts a process that ends with the scope, before its scratch space goes: a file in use cannot be removed everywhere.
 */
export const startProcess = (
  options: Options,
  device: number | undefined
): Effect.Effect<RuntimeProcess, RuntimeFailure, Scope.Scope> =>
  Effect.gen(function* () {
    const { intraOpThreads = defaultThreads, provider } = options
    const optionsFor: OptionsFor = (burden) => sessionOptions(provider, burden, intraOpThreads, device)
    const scratch = yield* makeScratch(options.scratchDirectory ?? tmpdir())
    const connection = yield* connect({ ...environment[provider], ...options.environment })
    yield* startProvider(connection, provider, optionsFor)
    return makeProcess(connection, scratch, optionsFor)
  }).pipe(Effect.withSpan("OnnxRuntime.acquire"))
