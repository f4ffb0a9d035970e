/** Pickles as data: what a pickle says, with calls and classes as names. Nothing is looked up, and nothing runs. */
import * as Effect from "effect/Effect"
import { WeightsInvalid } from "../Errors.ts"
import {
  describe,
  line,
  long,
  type Machine,
  type PickleOrigin,
  type PickleValue,
  pop,
  popGroup,
  push,
  refusal,
  take,
  text,
  top,
  unsigned16,
  unsigned32,
  unsigned64,
  unsigned8,
  type Vocabulary
} from "./pickleMachine.ts"
import { quote } from "./quote.ts"

/** Ten thousand tensors take some 2 MB and 400 thousand instructions, each of which keeps about 100 bytes. */
export const largestPickle = 16 * 2 ** 20
const mostInstructions = 1_000_000

/** Dimensions of a tensor in torch. Tuples are shared, so that long ones would make a short pickle long work. */
const longestTuple = 64

const orderedDict = "collections.OrderedDict"

const pushTuple = (machine: Machine, size: number): void => {
  const items = Array.from({ length: size }, () => pop(machine)).toReversed()
  push(machine, { kind: "tuple", items })
}

const pushGroup = (machine: Machine): void => {
  const items = popGroup(machine)
  if (items.length > longestTuple) {
    throw refusal(machine, `a tuple has ${items.length} values; torch needs no more than ${longestTuple}`)
  }
  push(machine, { kind: "tuple", items })
}

const append = (machine: Machine, values: ReadonlyArray<PickleValue>): void => {
  const target = top(machine)
  if (target === null || typeof target !== "object" || target.kind !== "list") {
    throw refusal(machine, `something is appended to ${describe(target)}`)
  }
  for (const value of values) target.items.push(value)
}

const setItems = (machine: Machine, values: ReadonlyArray<PickleValue>): void => {
  const target = top(machine)
  if (target === null || typeof target !== "object" || target.kind !== "dict") {
    throw refusal(machine, `an item is set in ${describe(target)}`)
  }
  for (let index = 0; index < values.length; index += 2) {
    const [key = null, value] = values.slice(index, index + 2)
    if (typeof key !== "string")
      throw refusal(machine, `a dict has the key ${describe(key)}, which names no tensor`, "save")
    if (value === undefined) throw refusal(machine, `the key ${quote(key)} has no value`)
    target.items.push([key, value])
  }
}

const pushGlobal = (machine: Machine, module: string, attribute: string): void => {
  const name = `${module}.${attribute}`
  const { constants, constructors } = machine.vocabulary
  if (name !== orderedDict && !constants.has(name) && !constructors.has(name)) {
    throw refusal(
      machine,
      `it names ${quote(name)}, which no tensor needs and which may run code when Python loads it`,
      "save"
    )
  }
  push(machine, { kind: "global", name })
}

const stackGlobal = (machine: Machine): void => {
  const [attribute, module] = [pop(machine), pop(machine)]
  if (typeof module !== "string" || typeof attribute !== "string") {
    throw refusal(machine, `it names ${describe(attribute)} of ${describe(module)}, not a name of a module`)
  }
  pushGlobal(machine, module, attribute)
}

const call = (machine: Machine): void => {
  const [args, callee] = [pop(machine), pop(machine)]
  const isCallable = callee !== null && typeof callee === "object" && callee.kind === "global"
  if (!isCallable || args === null || typeof args !== "object" || args.kind !== "tuple") {
    throw refusal(machine, `${describe(callee)} is called with ${describe(args)}`)
  }
  if (machine.vocabulary.constructors.has(callee.name)) {
    return push(machine, { kind: "call", callee: callee.name, args: args.items })
  }
  if (callee.name !== orderedDict || args.items.length > 0) {
    throw refusal(machine, `${callee.name} is called with ${args.items.length} arguments`)
  }
  push(machine, { kind: "dict", ordered: true, items: [] })
}

/** A module's state dict carries the versions of its parts as an attribute, which say nothing of the tensors. */
const setState = (machine: Machine): void => {
  const [state, target] = [pop(machine), top(machine)]
  const isOrdered = target !== null && typeof target === "object" && target.kind === "dict" && target.ordered
  if (!isOrdered || state === null || typeof state !== "object" || state.kind !== "dict") {
    throw refusal(machine, `BUILD sets the state of ${describe(target)} to ${describe(state)}`)
  }
  const stranger = state.items.find(([key]) => key !== "_metadata")
  if (stranger !== undefined) throw refusal(machine, `BUILD sets the attribute ${quote(stranger[0])} of a dict`, "save")
}

const recall = (machine: Machine, index: number): void => {
  const value = machine.memo.get(index)
  if (value === undefined) throw refusal(machine, `it recalls value ${index}, which it never kept`)
  push(machine, value)
}

const frame = (machine: Machine): void => {
  const length = unsigned64(machine)
  const left = machine.bytes.length - machine.next
  if (length > left) throw refusal(machine, `a frame has ${length} bytes, but ${left} are left`)
}

/** The instructions that the pickles of torch.save consist of, by code. PROTO and STOP frame them, in `interpret`. */
const instructions: Readonly<Record<number, (machine: Machine) => void>> = {
  /* ( MARK             */ 0x28: (machine) => void machine.marks.push(machine.stack.length),
  /* ) EMPTY_TUPLE      */ 0x29: (machine) => push(machine, { kind: "tuple", items: [] }),
  /* G BINFLOAT         */ 0x47: (machine) => push(machine, machine.view.getFloat64(take(machine, 8))),
  /* J BININT           */ 0x4a: (machine) => push(machine, machine.view.getInt32(take(machine, 4), true)),
  /* K BININT1          */ 0x4b: (machine) => push(machine, unsigned8(machine)),
  /* M BININT2          */ 0x4d: (machine) => push(machine, unsigned16(machine)),
  /* N NONE             */ 0x4e: (machine) => push(machine, null),
  /* Q BINPERSID        */ 0x51: (machine) => push(machine, { kind: "persistent", id: pop(machine) }),
  /* R REDUCE           */ 0x52: call,
  /* X BINUNICODE       */ 0x58: (machine) => push(machine, text(machine, unsigned32(machine))),
  /* ] EMPTY_LIST       */ 0x5d: (machine) => push(machine, { kind: "list", items: [] }),
  /* a APPEND           */ 0x61: (machine) => append(machine, [pop(machine)]),
  /* b BUILD            */ 0x62: setState,
  /* c GLOBAL           */ 0x63: (machine) => pushGlobal(machine, line(machine), line(machine)),
  /* e APPENDS          */ 0x65: (machine) => append(machine, popGroup(machine)),
  /* h BINGET           */ 0x68: (machine) => recall(machine, unsigned8(machine)),
  /* j LONG_BINGET      */ 0x6a: (machine) => recall(machine, unsigned32(machine)),
  /* q BINPUT           */ 0x71: (machine) => void machine.memo.set(unsigned8(machine), top(machine)),
  /* r LONG_BINPUT      */ 0x72: (machine) => void machine.memo.set(unsigned32(machine), top(machine)),
  /* s SETITEM          */ 0x73: (machine) => setItems(machine, [pop(machine), pop(machine)].toReversed()),
  /* t TUPLE            */ 0x74: pushGroup,
  /* u SETITEMS         */ 0x75: (machine) => setItems(machine, popGroup(machine)),
  /* } EMPTY_DICT       */ 0x7d: (machine) => push(machine, { kind: "dict", ordered: false, items: [] }),
  /*   TUPLE1           */ 0x85: (machine) => pushTuple(machine, 1),
  /*   TUPLE2           */ 0x86: (machine) => pushTuple(machine, 2),
  /*   TUPLE3           */ 0x87: (machine) => pushTuple(machine, 3),
  /*   NEWTRUE          */ 0x88: (machine) => push(machine, true),
  /*   NEWFALSE         */ 0x89: (machine) => push(machine, false),
  /*   LONG1            */ 0x8a: (machine) => push(machine, long(machine, unsigned8(machine))),
  /*   SHORT_BINUNICODE */ 0x8c: (machine) => push(machine, text(machine, unsigned8(machine))),
  /*   BINUNICODE8      */ 0x8d: (machine) => push(machine, text(machine, unsigned64(machine))),
  /*   STACK_GLOBAL     */ 0x93: stackGlobal,
  /*   MEMOIZE          */ 0x94: (machine) => void machine.memo.set(machine.memo.size, top(machine)),
  /*   FRAME            */ 0x95: frame
}

const proto = 0x80
const stop = 0x2e

/** The other instructions of Python's pickles, to name them when they are refused. */
const refusedNames: Readonly<Record<number, string>> = {
  0x30: "POP",
  0x31: "POP_MARK",
  0x32: "DUP",
  0x42: "BINBYTES",
  0x43: "SHORT_BINBYTES",
  0x46: "FLOAT",
  0x49: "INT",
  0x4c: "LONG",
  0x50: "PERSID",
  0x53: "STRING",
  0x54: "BINSTRING",
  0x55: "SHORT_BINSTRING",
  0x56: "UNICODE",
  0x64: "DICT",
  0x67: "GET",
  0x69: "INST",
  0x6c: "LIST",
  0x6f: "OBJ",
  0x70: "PUT",
  0x80: "a second PROTO",
  0x81: "NEWOBJ",
  0x82: "EXT1",
  0x83: "EXT2",
  0x84: "EXT4",
  0x8b: "LONG4",
  0x8e: "BINBYTES8",
  0x8f: "EMPTY_SET",
  0x90: "ADDITEMS",
  0x91: "FROZENSET",
  0x92: "NEWOBJ_EX",
  0x96: "BYTEARRAY8",
  0x97: "NEXT_BUFFER",
  0x98: "READONLY_BUFFER"
}

const refusedInstruction = (machine: Machine, code: number): WeightsInvalid => {
  const name = refusedNames[code]
  if (name === undefined) return refusal(machine, `0x${code.toString(16)} is no instruction of a pickle`)
  const what = name === "INST" ? `INST of ${quote(`${line(machine)}.${line(machine)}`)}` : name
  return refusal(machine, `it has the instruction ${what}, which no tensors need`, "save")
}

const interpret = (machine: Machine): PickleValue => {
  if (unsigned8(machine) !== proto) throw refusal(machine, "there is no pickle of protocol 2 to 5")
  const protocol = unsigned8(machine)
  if (protocol < 2 || protocol > 5)
    throw refusal(machine, `the pickle has protocol ${protocol}; 2 to 5 are read`, "save")
  for (let count = 0; count < mostInstructions; count += 1) {
    machine.instruction = machine.next
    const code = unsigned8(machine)
    if (code === stop) {
      const value = pop(machine)
      const left = machine.stack.length + machine.marks.length + machine.bytes.length - machine.next
      if (left > 0) throw refusal(machine, "the pickle ends before everything in it is used")
      return value
    }
    const run = instructions[code]
    if (run === undefined) throw refusedInstruction(machine, code)
    run(machine)
  }
  throw refusal(machine, `the pickle has more than ${mostInstructions} instructions`, "save")
}

/**
 * Reads a pickle of at most `largestPickle` bytes in one pass, in memory of about 100 bytes an instruction. Fails with
 * the offset and the name of whatever is not in the vocabulary or is no instruction that torch.save writes.
 */
export const readPickle = (
  bytes: Uint8Array,
  origin: PickleOrigin,
  vocabulary: Vocabulary
): Effect.Effect<PickleValue, WeightsInvalid> =>
  Effect.try({
    try: () =>
      interpret({
        bytes,
        view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
        vocabulary,
        origin,
        stack: [],
        marks: [],
        memo: new Map(),
        instruction: 0,
        next: 0
      }),
    catch: (cause) => {
      if (cause instanceof WeightsInvalid) return cause
      throw cause
    }
  })
