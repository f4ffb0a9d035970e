/** Messages survive the wire, however it cuts them. */
import { assert, describe, it } from "@effect/vitest"
import type { HostTensor } from "../../src/runtime/OnnxRuntime.ts"
import { assemble, encode, type Message, type Request } from "../../src/runtime/protocol.ts"
import { float32 } from "./models.ts"

const tensors: Record<string, HostTensor> = {
  weight: float32([2, 2], [0.5, -0, Number.NaN, Number.POSITIVE_INFINITY]),
  half: { element: "float16", shape: [1], data: Uint16Array.of(0x3c00) },
  index: { element: "int64", shape: [2], data: BigInt64Array.of(-1n, 1n << 62n) },
  名前: { element: "int32", shape: [], data: Int32Array.of(-7) },
  mask: { element: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) },
  seed: { element: "uint32", shape: [1], data: Uint32Array.of(0xffffffff) },
  bytes: { element: "uint8", shape: [1], data: Uint8Array.of(255) },
  nothing: float32([0, 5], [])
}

const messages: ReadonlyArray<Message<Request>> = [
  { body: { _tag: "Put" }, tensors },
  { body: { _tag: "Get", names: ["a"] }, tensors: {} },
  {
    body: { _tag: "Run", session: 3, resident: { x: "y" }, fetch: ["z"], keep: {} },
    tensors: { nothing: float32([0], []) }
  }
]

const wire = Buffer.concat(messages.flatMap(encode))

describe("a message on the wire", () => {
  for (const size of [1, 3, 7, 64, wire.length]) {
    it(`arrives as it was sent, in chunks of ${size} bytes`, () => {
      const received: Array<Message<Request>> = []
      const feed = assemble<Request>((message) => received.push(message))
      for (let start = 0; start < wire.length; start += size) feed(wire.subarray(start, start + size))
      assert.deepStrictEqual(received, messages)
    })
  }

  it("is refused when a tensor does not fill its shape, which would derail what follows", () => {
    assert.throws(() => encode({ body: { _tag: "Put" }, tensors: { x: float32([2, 3], [1]) } }), /"x" of shape \[2,3\]/)
  })
})
