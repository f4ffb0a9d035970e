/**
 * The hold on one runtime process: starts it, passes messages, reports how it ended.
 *
 * A pipe of its own instead of Node's message channel or Effect's workers: 64 MB tensors pass at more than twice the
 * speed without stopping the event loop, and the exit code, the signal and the last words of the process stay in view.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { Duplex, type Readable } from "node:stream"
import { extname } from "node:path"
import { fileURLToPath } from "node:url"
import { stripVTControlCharacters } from "node:util"
import { ProcessLost } from "./Errors.ts"
import { assemble, encode, type Message, type Reply, type Request } from "./protocol.ts"

export interface Connection {
  /**
   * Asks and waits for the answer; answers come in the order of the questions, any number of which may be on their way.
   * What was asked cannot be taken back, so interrupting the wait ends the process, whatever it is doing.
   */
  readonly ask: (request: Message<Request>) => Effect.Effect<Message<Reply>, ProcessLost>
  /** Ends the process now, and succeeds once the system has taken back its memory, with the end of what it wrote. */
  readonly end: Effect.Effect<string>
}

/** Compiled, this module lies beside `child.js`; as it is, beside `child.ts`. */
const childModule = fileURLToPath(new URL(`./child${extname(import.meta.url)}`, import.meta.url))

/** How much of the standard error is remembered, in characters. */
const lastWordsLength = 4096

/** Remembers the end of what a stream says. */
const lastWordsOf = (stream: Readable): (() => string) => {
  let text = ""
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    text = (text + chunk).slice(-lastWordsLength)
  })
  return () => stripVTControlCharacters(text).trim()
}

const pipesOf = (child: ChildProcess): { readonly errors: Readable; readonly messages: Duplex } => {
  const messages = child.stdio[3]
  if (child.stderr === null || !(messages instanceof Duplex)) {
    throw new Error("internal: the runtime's process has no pipes")
  }
  return { errors: child.stderr, messages }
}

type Settle = (outcome: Effect.Effect<Message<Reply>, ProcessLost>) => void

const start = (environment: Readonly<Record<string, string>>): Connection => {
  const child = spawn(process.execPath, [childModule], {
    env: { ...process.env, ...environment },
    // The first is the lifeline, the last carries messages.
    stdio: ["pipe", "ignore", "pipe", "pipe"]
  })
  const { errors, messages } = pipesOf(child)
  const lastWords = lastWordsOf(errors)
  const waiting: Array<Settle> = []
  const mourners: Array<() => void> = []
  let lost: ProcessLost | undefined

  const lose = (loss: ProcessLost): void => {
    if (lost !== undefined) return
    lost = loss
    for (const settle of waiting.splice(0)) settle(Effect.fail(loss))
    for (const mourner of mourners.splice(0)) mourner()
  }
  // "close" comes after "exit", once the pipes are drained: no answer and no last word is missed.
  child.on("close", (exitCode, signal) => lose(new ProcessLost({ exitCode, signal, standardError: lastWords() })))
  child.on("error", (cause) => lose(neverStarted(cause)))
  // A pipe that breaks says nothing that the end of the process does not say better.
  messages.on("error", () => {})
  child.stdin?.on("error", () => {})
  messages.on(
    "data",
    assemble<Reply>((reply) => waiting.shift()?.(Effect.succeed(reply)))
  )

  const kill = Effect.sync(() => child.kill("SIGKILL"))

  return {
    ask: (request) =>
      Effect.callback((resume) => {
        if (lost !== undefined) return resume(Effect.fail(lost))
        const pieces = encode(request)
        waiting.push(resume)
        messages.cork()
        for (const piece of pieces) messages.write(piece)
        messages.uncork()
        return Effect.asVoid(kill)
      }),
    end: Effect.andThen(
      kill,
      Effect.callback<string>((resume) => {
        const mourn = () => resume(Effect.sync(lastWords))
        if (lost === undefined) mourners.push(mourn)
        else mourn()
      })
    )
  }
}

/** What the system says when it starts no process: too many of them, no memory, variables too long. */
const neverStarted = (cause: unknown): ProcessLost =>
  new ProcessLost({ exitCode: null, signal: null, standardError: String(cause) })

/** A runtime process that lives as long as the scope, with `environment` added to the variables it inherits. */
export const connect = (
  environment: Readonly<Record<string, string>>
): Effect.Effect<Connection, ProcessLost, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({ try: () => start(environment), catch: neverStarted }),
    (connection) => connection.end
  )
