/** Rows of a matrix, read from its file when a run needs them. */
import { openSync, readSync } from "node:fs"
import type { HostTensor, StoredMatrix } from "./OnnxRuntime.ts"

/** Rows by their numbers. What it gave is overwritten when it is asked again. */
export type ReadRows = (numbers: HostTensor) => HostTensor

const bytesPerElement: { readonly [E in StoredMatrix["element"]]: number } = { float32: 4, float16: 2, bfloat16: 2 }

/** bfloat16 is the upper half of a float32. */
const widened = (halves: Uint16Array): Float32Array => {
  const bits = new Uint32Array(halves.length)
  for (let index = 0; index < halves.length; index++) bits[index] = (halves[index] ?? 0) << 16
  return new Float32Array(bits.buffer)
}

type MakeTensor = (shape: ReadonlyArray<number>, memory: ArrayBuffer, length: number) => HostTensor

const tensorOver: { readonly [E in StoredMatrix["element"]]: MakeTensor } = {
  float32: (shape, memory, length) => ({ element: "float32", shape, data: new Float32Array(memory, 0, length) }),
  float16: (shape, memory, length) => ({ element: "float16", shape, data: new Uint16Array(memory, 0, length) }),
  bfloat16: (shape, memory, length) => ({
    element: "float32",
    shape,
    data: widened(new Uint16Array(memory, 0, length))
  })
}

/**
 * Opens the file, which is closed with the process. Each reading takes the memory of the one before it if that is
 * enough, so that none of it waits to be collected.
 */
export const openMatrix = ({ columns, element, file, offset, rows }: StoredMatrix): ReadRows => {
  const descriptor = openSync(file, "r")
  const rowBytes = columns * bytesPerElement[element]
  let memory = new ArrayBuffer(0)
  return ({ data, element: given, shape }) => {
    if (given !== "int32") throw new Error(`rows are asked for by int32, not ${given}`)
    if (memory.byteLength < data.length * rowBytes) memory = new ArrayBuffer(data.length * rowBytes)
    const bytes = new Uint8Array(memory)
    data.forEach((row, index) => {
      if (row < 0 || row >= rows) throw new Error(`there is no row ${row} in a matrix of ${rows}`)
      const read = readSync(descriptor, bytes, index * rowBytes, rowBytes, offset + row * rowBytes)
      if (read < rowBytes) throw new Error(`${file} ends within row ${row} of a matrix`)
    })
    return tensorOver[element]([...shape, columns], memory, data.length * columns)
  }
}
