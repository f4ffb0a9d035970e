/** The process that computes: it loads programs, holds registers and answers one request after another. */
import { readSync, writeFileSync, writeSync } from "node:fs"
import { flushCompileCache } from "node:module"
import { InferenceSession, Tensor } from "onnxruntime-node"
import { holdLifeline } from "./lifeline.ts"
import type { HostTensor } from "./OnnxRuntime.ts"
import { probeModel } from "./probe.ts"
import {
  encode,
  isHostElement,
  type Message,
  receive,
  type Reply,
  type Request,
  tensorOver,
  type Tensors
} from "./protocol.ts"
import { openMatrix, type ReadRows } from "./storedRows.ts"

/** The two-way pipe to the process that started this one. */
const pipe = 3

const registers = new Map<string, Tensor>()

interface Opened {
  readonly session: InferenceSession
  /** Of the inputs that are rows of a matrix. */
  readonly rowsFor: ReadonlyMap<string, ReadRows>
}
const sessions = new Map<number, Opened>()

const quoted = (names: Iterable<string>): string => [...names].map((name) => `"${name}"`).join(", ") || "none"

const toRuntime = ({ data, element, shape }: HostTensor): Tensor => new Tensor(element, data, shape)

const toHost = (name: string, tensor: Tensor): HostTensor => {
  if (!isHostElement(tensor.type) || !ArrayBuffer.isView(tensor.data)) {
    throw new Error(`"${name}" is of type ${tensor.type}, which cannot leave the runtime: cast it in the graph`)
  }
  return tensorOver(tensor.type, tensor.dims, tensor.data)
}

const register = (name: string): Tensor => {
  const tensor = registers.get(name)
  if (tensor === undefined) throw new Error(`there is no register "${name}" (there are: ${quoted(registers.keys())})`)
  return tensor
}

/**
 * Proves that the provider computes here. One that takes no operator leaves them all to the CPU without a word, unless
 * that is forbidden; forbidding it for every program would refuse the shape arithmetic that belongs there.
 */
const start = async ({ options }: Extract<Request, { _tag: "Start" }>): Promise<Tensors> => {
  holdLifeline()
  // What was compiled would be written down at the end, and this process is killed.
  flushCompileCache()
  if (options.executionProviders.every(({ name }) => name === "cpu")) return {}
  const session = await InferenceSession.create(probeModel, {
    ...options,
    extra: { session: { ...options.extra.session, disable_cpu_ep_fallback: "1" } }
  })
  const { y } = await session.run({ x: new Tensor("float32", [21], [1]) })
  await session.release()
  if (y?.data[0] !== 42) throw new Error(`21 + 21 came out as ${y?.data[0]}`)
  return {}
}

const open = async ({ matrices, options, path, session }: Extract<Request, { _tag: "Open" }>): Promise<Tensors> => {
  sessions.set(session, {
    session: await InferenceSession.create(path, options),
    rowsFor: new Map(Object.entries(matrices).map(([name, matrix]) => [name, openMatrix(matrix)]))
  })
  return {}
}

const run = async (request: Extract<Request, { _tag: "Run" }>, tensors: Tensors): Promise<Tensors> => {
  const opened = sessions.get(request.session)
  if (opened === undefined) throw new Error(`internal: no session has the number ${request.session}`)
  const { rowsFor, session } = opened
  const feeds: Record<string, Tensor> = {}
  for (const [name, tensor] of Object.entries(tensors)) {
    feeds[name] = toRuntime(rowsFor.get(name)?.(tensor) ?? tensor)
  }
  for (const [name, source] of Object.entries(request.resident)) feeds[name] = register(source)
  // The runtime ignores a feed that it has no input for, and would so hide a misspelling.
  const strangers = Object.keys(feeds).filter((name) => !session.inputNames.includes(name))
  if (strangers.length > 0) {
    throw new Error(`it has no input named ${quoted(strangers)} (its inputs: ${quoted(session.inputNames)})`)
  }
  const wanted = [...new Set([...request.fetch, ...Object.keys(request.keep)])]
  if (wanted.length === 0) throw new Error(`no output was asked for (its outputs: ${quoted(session.outputNames)})`)
  const outputs = await session.run(feeds, wanted)
  const output = (name: string): Tensor => {
    const tensor = outputs[name]
    if (tensor === undefined) throw new Error(`internal: the output "${name}" was asked for and is not there`)
    return tensor
  }
  const fetched = request.fetch.map((name) => [name, toHost(name, output(name))] as const)
  for (const [name, target] of Object.entries(request.keep)) registers.set(target, output(name))
  return Object.fromEntries(fetched)
}

const put = (tensors: Tensors): Tensors => {
  for (const [name, tensor] of Object.entries(tensors)) registers.set(name, toRuntime(tensor))
  return {}
}

const get = (names: ReadonlyArray<string>): Tensors =>
  Object.fromEntries(names.map((name) => [name, toHost(name, register(name))]))

const release = (names: ReadonlyArray<string>): Tensors => {
  for (const name of names) registers.delete(name)
  return {}
}

const answer = async ({ body, tensors }: Message<Request>): Promise<Tensors> => {
  switch (body._tag) {
    case "Start":
      return start(body)
    case "Open":
      return open(body)
    case "Run":
      return run(body, tensors)
    case "Put":
      return put(tensors)
    case "Get":
      return get(body.names)
    case "Release":
      return release(body.names)
  }
}

const fill = (memory: Uint8Array): void => {
  for (let filled = 0; filled < memory.length;) {
    const count = readSync(pipe, memory, filled, memory.length - filled, null)
    if (count === 0) process.kill(process.pid, "SIGKILL")
    filled += count
  }
}

/** Waits for the next request. Nothing else happens in this thread, so it waits in the system's own read. */
const nextRequest = (): Message<Request> => {
  const receiving = receive<Request>()
  for (;;) {
    const step = receiving.next()
    if (step.done) return step.value
    fill(step.value)
  }
}

const send = (reply: Message<Reply>): void => {
  for (const piece of encode(reply)) {
    for (let written = 0; written < piece.length;) written += writeSync(pipe, piece, written)
  }
}

// The binding reads this new array as empty; without it, float16 tensors are made of Uint16Array, which it knows.
Reflect.deleteProperty(globalThis, "Float16Array")

// Ctrl+C reaches every process of the terminal; whether to stop is for the one that started this process to decide.
process.on("SIGINT", () => {})

// When memory runs out, the kernel is to end this process, whose loss is a typed failure, and not the one that waits.
// Where it cannot be asked for this, it chooses as it always does.
try {
  writeFileSync("/proc/self/oom_score_adj", "1000")
} catch {}

for (;;) {
  const request = nextRequest()
  try {
    const tensors = await answer(request)
    send({ body: { _tag: "Done" }, tensors })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    send({ body: { _tag: "Failed", reason: reason.trim() }, tensors: {} })
  }
}
