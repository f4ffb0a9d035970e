/** No torch file runs code, hangs, crashes or takes much memory: it gives tensors, or an error that says why not. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { readTorchFile } from "../../../src/model/weights/torchFile.ts"
import { goldenFolder, memoryReader } from "../support.ts"
import { archiveOf, bytesOf, little, pickleOf, short, stateDict, tensor, type TensorParts, zipOf } from "./attacks.ts"

const read = (file: Uint8Array) => readTorchFile(memoryReader({ "a.bin": file }), "a.bin")

const refusal = (file: Uint8Array) =>
  Effect.map(Effect.flip(read(file)), ({ _tag, message }) => {
    assert.strictEqual(_tag, "WeightsInvalid")
    assert.isBelow(message.length, 1000)
    return message
  })

const refusedPickle = (pickle: Uint8Array) => refusal(zipOf(archiveOf(pickle)))

/** Reads a damaged file: tensors within the file, or the typed error; nothing else. */
const survives = Effect.fn("survives")(function* (file: Uint8Array, what: string) {
  const result = yield* Effect.result(
    read(file).pipe(Effect.catchDefect((defect) => Effect.fail({ _tag: `defect: ${defect}` })))
  )
  if (Result.isFailure(result)) {
    assert.strictEqual(result.failure._tag, "WeightsInvalid", what)
    return false
  }
  for (const { length, offset } of result.success.values()) assert.isAtMost(offset + length, file.length, what)
  return true
})

describe("the builder of attacks", () => {
  it.effect("builds files that are read when nothing is wrong with them", () =>
    Effect.gen(function* () {
      const entries = archiveOf(stateDict(tensor()))
      for (const file of [zipOf(entries), zipOf(entries.map((entry) => ({ ...entry, wide: true })))]) {
        const found = (yield* read(file)).get("w")
        assert.deepStrictEqual(found?.shape, [2, 3])
        const offset = found?.offset ?? 0
        const values = new Float32Array(file.slice(offset, offset + (found?.length ?? 0)).buffer)
        assert.deepStrictEqual(values, Float32Array.of(1, 2, 3, 4, 5, 6))
      }
    })
  )
})

describe("a pickle", () => {
  const attacks: ReadonlyArray<readonly [what: string, pickle: Uint8Array, expected: RegExp]> = [
    [
      "calls os.system",
      pickleOf("cos\nsystem\n", short("id"), 0x85, "R"),
      /byte 2 of its data\.pkl, it names "os\.system"/
    ],
    [
      "calls it by names on the stack",
      pickleOf(short("posix"), short("system"), 0x93, short("id"), 0x85, "R"),
      /"posix\.system"/
    ],
    ["evaluates", pickleOf("cbuiltins\neval\n", short("1"), 0x85, "R"), /"builtins\.eval"/],
    ["hides a call among hooks", stateDict(tensor({ hooks: bytesOf("cos\nsystem\n)R") })), /"os\.system"/],
    [
      "hides a call in a call",
      stateDict(bytesOf("ctorch._utils\n_rebuild_parameter\n(", "cos\nsystem\n", ")RtR")),
      /"os\.system"/
    ],
    [
      "names an attribute of an allowed name",
      pickleOf("ctorch\nFloatStorage.__class__\n"),
      /"torch\.FloatStorage\.__class__"/
    ],
    ["names what every object has", pickleOf("c__proto__\nconstructor\n"), /"__proto__\.constructor"/],
    ["names a value as a module", pickleOf("K", 1, short("x"), 0x93), /the text "x" of 1/],
    ["calls a storage class", pickleOf("ctorch\nFloatStorage\n)R"), /torch\.FloatStorage is called/],
    ["calls the result of a call", pickleOf(tensor(), ")R"), /call torch\._utils\._rebuild_tensor_v2 is called/],
    ["has a long tuple", pickleOf("(", new Uint8Array(65).fill(0x4e), "t"), /a tuple has 65 values/],
    ["has a long name", pickleOf("c", "x".repeat(5000), "\ny\n"), /it names "x{100}…"/],
    ["calls a text", pickleOf(short("x"), ")R"), /the text "x" is called/],
    [
      "fills an OrderedDict by its constructor",
      pickleOf("ccollections\nOrderedDict\n", "}", 0x85, "R"),
      /OrderedDict is called with 1/
    ],
    ["makes an instance", pickleOf("(ios\nsystem\n"), /INST of "os\.system"/],
    ["makes an instance of the stack", pickleOf("(", short("x"), "o"), /OBJ/],
    ["makes a new object", pickleOf("ctorch\nFloatStorage\n)", 0x81), /NEWOBJ/],
    ["makes a new object with names", pickleOf("ctorch\nFloatStorage\n)}", 0x92), /NEWOBJ_EX/],
    [
      "sets a state method",
      pickleOf("ccollections\nOrderedDict\n)R}", short("__setstate__"), "K", 1, "sb"),
      /"__setstate__"/
    ],
    ["sets the state of a tensor", pickleOf(tensor(), "}b"), /BUILD sets the state of call torch/],
    ["sets the state of a dict", pickleOf("}", "}b"), /BUILD sets the state of a dict/],
    ["uses extension 1", pickleOf(0x82, 1), /EXT1/],
    ["uses extension 2", pickleOf(0x83, 1, 1), /EXT2/],
    ["uses extension 4", pickleOf(0x84, 1, 1, 1, 1), /EXT4/],
    ["uses a persistent id as a line", pickleOf("Pstorage\n"), /PERSID/],
    ["borrows a buffer", pickleOf(0x97), /NEXT_BUFFER/],
    ["has a text of 2^63 bytes", pickleOf(0x8d, little(2n ** 63n, 8)), /wants 9223372036854776000 bytes of the 1 that/],
    ["has a text of 4 GiB", pickleOf("X", little(0xffff_ffff, 4)), /wants 4294967295 bytes/],
    ["has bytes of 2^63", pickleOf(0x8e, little(2n ** 63n, 8)), /BINBYTES8/],
    ["has an array of 2^63 bytes", pickleOf(0x96, little(2n ** 63n, 8)), /BYTEARRAY8/],
    ["has a frame of 2^63 bytes", pickleOf(0x95, little(2n ** 63n, 8)), /a frame has/],
    ["has an integer of 2 GiB", pickleOf(0x8b, little(0x7fff_ffff, 4)), /LONG4/],
    ["has an integer of 255 bytes", pickleOf(0x8a, 255, new Uint8Array(255)), /255 bytes/],
    ["has an integer beyond sizes", pickleOf(0x8a, 8, little(2n ** 62n, 8)), /larger than any size/],
    ["has a text that is not UTF-8", pickleOf(0x8c, 1, 0xff), /not UTF-8/],
    ["has a name without an end", pickleOf("cos"), /a name has no end/],
    ["recalls what it never kept", pickleOf("h", 7), /recalls value 7/],
    ["takes from an empty stack", pickleOf("R"), /wants a value where there is none/],
    ["takes from below a mark", pickleOf("}(b"), /wants a value where there is none/],
    ["ends a group that never began", pickleOf("}t"), /never began/],
    ["leaves values behind", pickleOf("}}"), /before everything in it is used/],
    ["goes on after its end", bytesOf(pickleOf("}"), "cos\nsystem\n."), /before everything in it is used/],
    ["has a key without a value", pickleOf("}(", short("x"), "u"), /"x" has no value/],
    ["has a key that is no text", pickleOf("}K", 1, "K", 1, "s"), /the key 1/],
    ["sets an item of a tuple", pickleOf(")", short("x"), "Ns"), /an item is set in a tuple/],
    ["appends to a dict", pickleOf("}Na"), /appended to a dict/],
    ["starts anew", pickleOf(0x80, 2), /a second PROTO/],
    ["has no protocol", bytesOf("}."), /no pickle of protocol 2 to 5/],
    ["has protocol 9", bytesOf(0x80, 9, "}."), /protocol 9/],
    ["has an unknown instruction", pickleOf(0xff), /0xff is no instruction/],
    ["is no dict", pickleOf("]"), /no state dict/],
    ["contains itself", pickleOf("}", 0x94, short("x"), "h", 0, "s"), /"x" is not a tensor/],
    [
      "has a list that contains itself as a shape",
      stateDict(tensor({ shape: bytesOf("]", 0x94, "h", 0, "a") })),
      /"w" is not a tensor/
    ],
    [
      "marks a tensor as conjugated",
      stateDict(bytesOf(tensor().slice(0, -2), "}", short("conj"), 0x88, "stR")),
      /"w" is not a tensor/
    ]
  ]
  for (const [what, pickle, expected] of attacks) {
    it.effect(`that ${what} is refused`, () =>
      Effect.map(refusedPickle(pickle), (message) => assert.match(message, expected))
    )
  }

  it.effect("of a million instructions ends in bounded time and memory, whatever they are", () =>
    Effect.gen(function* () {
      const many = (code: number) => new Uint8Array(1_100_000).fill(code)
      assert.match(yield* refusedPickle(pickleOf("}", many(0x94))), /more than 1000000 instructions/)
      assert.match(yield* refusedPickle(pickleOf(many(0x7d))), /more than 1000000 instructions/)
      assert.match(yield* refusedPickle(pickleOf(many(0x28))), /more than 1000000 instructions/)
      assert.match(yield* refusedPickle(pickleOf(")", many(0x85))), /more than 1000000 instructions/)
      // Each tuple holds the one before it twice: as a tree, 2^100 values.
      const doubled = bytesOf(")", ...Array.from({ length: 100 }, (_, index) => bytesOf(0x94, "h", index, 0x86)))
      assert.match(yield* refusedPickle(stateDict(doubled)), /"w" is not a tensor/)
      assert.match(yield* refusedPickle(stateDict(tensor({ shape: doubled }))), /"w" is not a tensor/)
      assert.match(yield* refusedPickle(new Uint8Array(17_000_000)), /has 17000000 bytes, more than/)
    })
  )
})

describe("a tensor", () => {
  const refused = (changes: Partial<TensorParts>) => refusedPickle(stateDict(tensor(changes)))
  const long = (value: bigint) => bytesOf(0x8a, 8, little(value, 8))

  it.effect("outside its storage is refused", () =>
    Effect.gen(function* () {
      assert.match(yield* refused({ start: bytesOf("K", 1) }), /takes elements 1 to 7 of a storage that has 6/)
      assert.match(yield* refused({ start: bytesOf("J", little(-1, 4)) }), /"w" is not a tensor/)
      const size = long(2n ** 50n)
      const vast = { shape: bytesOf(size, size, 0x86), strides: bytesOf(size, "K", 1, 0x86) }
      assert.match(yield* refused(vast), /takes elements 0 to/)
      assert.match(yield* refused({ shape: bytesOf("K", 4, "K", 3, 0x86) }), /takes elements 0 to 12/)
      assert.match(yield* refused({ count: bytesOf("K", 7) }), /7 float32 of entry "data\/0" need 28 bytes; it has 24/)
      assert.match(yield* refused({ count: long(2n ** 52n) }), /it has 24/)
      const strange = { storageClass: "ccollections\nOrderedDict\n" }
      assert.match(yield* refused(strange), /"w" has a collections\.OrderedDict as its storage/)
      for (const key of ["1", "../data/0", "__proto__", "", "9".repeat(200)])
        assert.match(yield* refused({ key }), /are missing/)
    })
  )

  it.effect("of another order is refused", () =>
    Effect.gen(function* () {
      assert.match(yield* refused({ strides: bytesOf("K", 1, "K", 2, 0x86) }), /has strides \[1, 2\]/)
      assert.match(yield* refused({ strides: bytesOf("K", 0, "K", 1, 0x86) }), /has strides \[0, 1\]/)
      assert.match(yield* refused({ strides: bytesOf("K", 1, 0x85) }), /has strides \[1\]/)
    })
  )

  it.effect("of an element type that no model has is left out", () =>
    Effect.gen(function* () {
      const pickle = stateDict(tensor({ storageClass: "ctorch\nDoubleStorage\n", count: bytesOf("K", 3) }))
      assert.strictEqual((yield* read(zipOf(archiveOf(pickle)))).size, 0)
    })
  )
})

describe("an archive", () => {
  const plain = archiveOf(stateDict(tensor()))
  const [pickle, order, data] = plain
  const attacks: ReadonlyArray<readonly [what: string, file: Uint8Array, expected: RegExp]> = [
    ["compressed values", zipOf([pickle, order, { ...data, method: 8 }]), /"a\/data\/0" is compressed/],
    ["encrypted values", zipOf([pickle, order, { ...data, flags: 1 }]), /"a\/data\/0" is encrypted/],
    ["values beyond its end", zipOf([pickle, order, { ...data, length: 2 ** 31 }]), /claims 2147483648 bytes/],
    [
      "values of 2^60 bytes",
      zipOf([pickle, order, { ...data, length: 2 ** 60, wide: true }]),
      /claims 1152921504606847000 bytes/
    ],
    ["values that reach into the directory", zipOf([pickle, order, { ...data, length: 30 }]), /"a\/data\/0"/],
    [
      "two entries at one place",
      zipOf([pickle, order, data, { ...data, name: "a/data/1", offset: 0 }]),
      /overlaps|is not its entry/
    ],
    [
      "an entry that covers the next",
      zipOf([{ ...pickle, length: pickle.content.length + 40 }, order, data]),
      /overlaps/
    ],
    [
      "another name in front of the bytes",
      zipOf([pickle, order, { ...data, localName: "a/data/9" }]),
      /is not its entry "a\/data\/0"/
    ],
    ["two entries of a name", zipOf([pickle, order, data, data]), /two entries of the name "a\/data\/0"/],
    [
      "a path upwards",
      zipOf([pickle, order, data, { ...data, name: "../etc/passwd" }]),
      /"\.\.\/etc\/passwd" has a name/
    ],
    ["an absolute path", zipOf([pickle, order, data, { ...data, name: "/etc/passwd" }]), /has a name/],
    ["a path of another system", zipOf([pickle, order, data, { ...data, name: "a\\b" }]), /has a name/],
    ["a path with a zero", zipOf([pickle, order, data, { ...data, name: "a/b\0" }]), /has a name/],
    ["no pickle", zipOf([order, data]), /0 entries data\.pkl/],
    ["two pickles", zipOf([...plain, { ...pickle, name: "b/data.pkl" }]), /2 entries data\.pkl/],
    ["more entries claimed than there", zipOf(plain, { entries: 60_000 }), /has 3 entries and claims 60000/],
    ["a directory elsewhere", zipOf(plain, { offset: 10 }), /must end at/],
    ["a directory of 4 GiB", zipOf(plain, { offset: 0, length: 2 ** 32 - 1 }), /must end at/],
    ["bytes between directory and end", zipOf(plain, { before: bytesOf("hidden") }), /must end at/],
    [
      "a zip64 record elsewhere",
      zipOf(plain, { before: bytesOf("PK", 6, 7, little(0, 4), little(2n ** 62n, 8), little(1, 4)) }),
      /zip64 record/
    ]
  ]
  for (const [what, file, expected] of attacks) {
    it.effect(`with ${what} is refused`, () => Effect.map(refusal(file), (message) => assert.match(message, expected)))
  }
})

/** Numbers that look random (Steele et al., 2014: a 32-bit mix of a counter), the same in every run. */
const numbersFrom = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x9e37_79b9) | 0
    const once = Math.imul(state ^ (state >>> 16), 0x21f0_aaad)
    const twice = Math.imul(once ^ (once >>> 15), 0x735a_2d97)
    return ((twice ^ (twice >>> 15)) >>> 0) % below
  }
}

describe("a damaged file", () => {
  it.effect("cut off anywhere is refused", () =>
    Effect.gen(function* () {
      const whole = yield* goldenFolder("torch").bytes("float32.bin")
      for (let length = 0; length < whole.length; length += 1) {
        assert.isFalse(yield* survives(whole.slice(0, length), `the first ${length} bytes`))
      }
      const pickle = stateDict(tensor())
      for (let length = 0; length < pickle.length; length += 1) yield* refusedPickle(pickle.slice(0, length))
    })
  )

  for (const name of ["float32.bin", "module.bin", "copied.bin"]) {
    it.effect(`gives tensors or an error, whichever bytes of ${name} were changed`, () =>
      Effect.gen(function* () {
        const whole = yield* goldenFolder("torch").bytes(name)
        const random = numbersFrom(7)
        let read = 0
        for (let round = 0; round < 2000; round += 1) {
          const damaged = whole.slice()
          for (let change = random(3); change >= 0; change -= 1) damaged[random(damaged.length)] = random(256)
          if (yield* survives(damaged, `round ${round}`)) read += 1
        }
        assert.isAbove(read, 0)
        assert.isBelow(read, 2000)
      })
    )
  }

  it.effect("gives tensors or an error, whichever instructions a pickle consists of", () =>
    Effect.gen(function* () {
      const random = numbersFrom(11)
      const whole = stateDict(tensor())
      for (let round = 0; round < 3000; round += 1) {
        const from = random(whole.length)
        const other = random(whole.length)
        const inserted = whole.slice(other, other + random(40))
        const spliced = bytesOf(whole.slice(0, from), inserted, whole.slice(from + random(8)))
        yield* survives(zipOf(archiveOf(spliced)), `round ${round}`)
      }
    })
  )
})
