/** The machine of pickles: bytes taken from the front, a stack of values in groups, and a memory of values kept. */
import { type WeightRemedy, WeightsInvalid } from "../Errors.ts"
import { quote } from "./quote.ts"

/** What a pickle describes. Values may be shared and may contain themselves, so a walk over one must be bounded. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | { readonly kind: "tuple"; readonly items: ReadonlyArray<PickleValue> }
  | { readonly kind: "list"; readonly items: Array<PickleValue> }
  | PickleDict
  | { readonly kind: "global"; readonly name: string }
  | { readonly kind: "call"; readonly callee: string; readonly args: ReadonlyArray<PickleValue> }
  | { readonly kind: "persistent"; readonly id: PickleValue }

/** Items in the order of their setting; the last of a key counts. `ordered`: made by collections.OrderedDict. */
export interface PickleDict {
  readonly kind: "dict"
  readonly ordered: boolean
  readonly items: Array<readonly [key: string, value: PickleValue]>
}

/** The names that a pickle may mention. */
export interface Vocabulary {
  /** Names that stand for themselves, such as those of storage classes. */
  readonly constants: ReadonlySet<string>
  /** Names that may be called; the call stays a description. */
  readonly constructors: ReadonlySet<string>
}

/** Where a pickle lies, for messages. */
export interface PickleOrigin {
  readonly file: string
  readonly entry: string
}

/** The state between two instructions. */
export interface Machine {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly vocabulary: Vocabulary
  readonly origin: PickleOrigin
  readonly stack: Array<PickleValue>
  /** Heights of the stack at which groups of values begin. */
  readonly marks: Array<number>
  readonly memo: Map<number, PickleValue>
  /** Offset of the instruction, and of what is read next. */
  instruction: number
  next: number
}

/** Says where the pickle stands, why it is not read on, and what helps. */
export const refusal = (
  { instruction, origin: { entry, file } }: Machine,
  reason: string,
  remedy: WeightRemedy = "fetch"
): WeightsInvalid => new WeightsInvalid({ file, reason: `at byte ${instruction} of its ${entry}, ${reason}.`, remedy })

/** A value in a message: of bounded length, whatever the value holds. */
export const describe = (value: PickleValue): string => {
  if (value === null) return "None"
  if (typeof value === "string") return `the text ${quote(value)}`
  if (typeof value !== "object") return String(value)
  return value.kind === "global" || value.kind === "call"
    ? `${value.kind} ${value.kind === "global" ? value.name : value.callee}`
    : `a ${value.kind}`
}

/** Advances over `length` bytes and gives the offset of the first. */
export const take = (machine: Machine, length: number): number => {
  const at = machine.next
  if (length > machine.bytes.length - at) {
    throw refusal(machine, `an instruction wants ${length} bytes of the ${machine.bytes.length - at} that are left`)
  }
  machine.next = at + length
  return at
}

/** Little-endian numbers and texts at the front. */
export const unsigned8 = (machine: Machine): number => machine.view.getUint8(take(machine, 1))
export const unsigned16 = (machine: Machine): number => machine.view.getUint16(take(machine, 2), true)
export const unsigned32 = (machine: Machine): number => machine.view.getUint32(take(machine, 4), true)
export const unsigned64 = (machine: Machine): number => Number(machine.view.getBigUint64(take(machine, 8), true))

const decode = (machine: Machine, from: number, to: number): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(machine.bytes.subarray(from, to))
  } catch {
    throw refusal(machine, "a text is not UTF-8")
  }
}

export const text = (machine: Machine, length: number): string => {
  const at = take(machine, length)
  return decode(machine, at, at + length)
}

export const line = (machine: Machine): string => {
  const from = machine.next
  const end = machine.bytes.indexOf(0x0a, from)
  if (end < 0) throw refusal(machine, "a name has no end")
  machine.next = end + 1
  return decode(machine, from, end)
}

/** A little-endian two's complement integer; those of tensors fit 8 bytes. */
export const long = (machine: Machine, length: number): number => {
  const at = take(machine, length)
  if (length > 8) throw refusal(machine, `an integer has ${length} bytes; at most 8 are read`)
  let value = 0n
  for (let index = length - 1; index >= 0; index -= 1) value = (value << 8n) | BigInt(machine.view.getUint8(at + index))
  const signed = Number(BigInt.asIntN(8 * length, value))
  if (!Number.isSafeInteger(signed)) throw refusal(machine, `the integer ${signed} is larger than any size`)
  return signed
}

/** The stack: no instruction sees below the mark of its group. */
export const push = (machine: Machine, value: PickleValue): void => {
  machine.stack.push(value)
}

export const top = (machine: Machine): PickleValue => {
  const value = machine.stack.length > (machine.marks.at(-1) ?? 0) ? machine.stack.at(-1) : undefined
  if (value === undefined) throw refusal(machine, "an instruction wants a value where there is none")
  return value
}

export const pop = (machine: Machine): PickleValue => {
  const value = top(machine)
  machine.stack.pop()
  return value
}

export const popGroup = (machine: Machine): Array<PickleValue> => {
  const mark = machine.marks.pop()
  if (mark === undefined) throw refusal(machine, "a group of values ends that never began")
  return machine.stack.splice(mark)
}
