/** Arrow record batches: columns to bytes, and any range of a batch's rows back to columns. */
import { BufferRegion, FieldNode, Message, RecordBatch } from "apache-arrow/ipc/metadata/message"
import { pack, unpack, zeros } from "./bits.ts"
import { bytesOf, type Column, type Offsets } from "./Column.ts"
import type { Field } from "./Field.ts"

/** A message ready to be written: its header, framed and padded, and the buffers of its body. */
export interface Framed {
  readonly header: Uint8Array
  readonly body: ReadonlyArray<Uint8Array>
  /** Bytes of the body, padding included. */
  readonly bodyLength: number
}

const padded = (length: number): number => (length + 7) & ~7

/** Frames a message's metadata: continuation mark, length, flat buffer, padding to 8 bytes. */
export const frame = (message: Message): Uint8Array => {
  const metadata = Message.encode(message)
  const framed = new Uint8Array(padded(8 + metadata.byteLength))
  const view = new DataView(framed.buffer)
  view.setInt32(0, -1, true)
  view.setInt32(4, framed.byteLength - 8, true)
  framed.set(metadata, 8)
  return framed
}

/** A record batch as bytes. */
export const encodeBatch = (columns: ReadonlyArray<Column>, rows: number): Framed => {
  const nodes: Array<FieldNode> = []
  const regions: Array<BufferRegion> = []
  const body: Array<Uint8Array> = []
  let end = 0
  const add = (view: ArrayBufferView) => {
    regions.push(new BufferRegion(end, view.byteLength))
    if (view.byteLength > 0) body.push(bytesOf(view))
    const padding = padded(view.byteLength) - view.byteLength
    if (padding > 0) body.push(new Uint8Array(padding))
    end += view.byteLength + padding
  }
  const addNode = (length: number, present: Uint8Array | null) => {
    nodes.push(new FieldNode(length, present === null ? 0 : zeros(present)))
    add(present === null ? new Uint8Array(0) : pack(present))
  }
  const addColumn = (column: Column): void => {
    addNode(column.length, column.present)
    switch (column.kind) {
      case "text":
        add(column.offsets)
        return add(column.bytes)
      case "integer":
        return add(column.words)
      case "number":
        return add(column.values)
      case "boolean":
        return add(pack(column.values))
      case "int32s":
      case "float32s":
        add(column.offsets)
        addNode(column.values.length, null)
        return add(column.values)
      case "list":
        add(column.offsets)
        return addColumn(column.item)
      case "record":
        return column.fields.forEach(addColumn)
    }
  }
  columns.forEach(addColumn)
  const header = frame(Message.from(new RecordBatch(rows, nodes, regions, null), end))
  return { header, body, bodyLength: end }
}

/** The layout of a record batch, as its header tells it. */
export interface BatchLayout {
  readonly rows: number
  readonly nodes: ReadonlyArray<{ readonly length: number; readonly nullCount: number }>
  /** Places in the body. */
  readonly regions: ReadonlyArray<{ readonly offset: number; readonly length: number }>
}

/** Reads a framed header. Throws on anything but the header of an uncompressed record batch. */
export const decodeLayout = (header: Uint8Array): BatchLayout => {
  const message = Message.decode(header.subarray(8))
  if (!message.isRecordBatch()) throw new Error("a record batch was expected, another message was found")
  const batch: RecordBatch = message.header()
  if (batch.compression !== null) throw new Error("its record batches are compressed; write it without compression")
  return { rows: batch.length, nodes: batch.nodes, regions: batch.buffers }
}

/** Bytes of a batch's body. */
export type ReadBody = (offset: number, length: number) => Uint8Array

/** Reads the columns of rows `from` to `to` (exclusive), touching no other row's bytes. Throws on a broken layout. */
export const decodeRange = (
  fields: ReadonlyArray<Field>,
  layout: BatchLayout,
  read: ReadBody,
  from: number,
  to: number
): ReadonlyArray<Column> => {
  let node = 0
  let region = 0

  const nextNode = (): BatchLayout["nodes"][number] => layout.nodes[node++] ?? broken("it has too few columns")

  /** Part of the next buffer, in bytes from its begin. */
  const nextBuffer = (begin: number, end: number): Uint8Array => {
    const { offset, length } = layout.regions[region++] ?? broken("it has too few buffers")
    if (begin < 0 || end < begin || end > length) return broken("a buffer is shorter than its column")
    return end === begin ? new Uint8Array(0) : read(offset + begin, end - begin)
  }

  const presenceOf = (first: number, last: number): Uint8Array | null => {
    if (nextNode().nullCount === 0) {
      region++
      return null
    }
    return unpack(nextBuffer(first >> 3, (last + 7) >> 3), first & 7, last - first)
  }

  const rangeOf = (first: number, last: number): { start: number; end: number; offsets: Offsets } => {
    // An empty column may leave its offsets out.
    if (first === last) {
      nextBuffer(0, 0)
      return { start: 0, end: 0, offsets: new Int32Array(1) }
    }
    const stored = int32View(nextBuffer(4 * first, 4 * (last + 1)))
    const start = stored[0] ?? 0
    const offsets = start === 0 ? stored : stored.map((offset) => offset - start)
    for (let i = 1; i < offsets.length; i++) {
      if ((offsets[i] ?? 0) < (offsets[i - 1] ?? 0)) return broken("its offsets run backwards")
    }
    return { start, end: start + (offsets.at(-1) ?? 0), offsets }
  }

  const columnOf = (field: Field, first: number, last: number): Column => {
    const column = { length: last - first, present: presenceOf(first, last) }
    switch (field.type.kind) {
      case "text": {
        const { start, end, offsets } = rangeOf(first, last)
        return { kind: "text", ...column, offsets, bytes: nextBuffer(start, end) }
      }
      case "integer":
        return { kind: "integer", ...column, words: int32View(nextBuffer(8 * first, 8 * last)) }
      case "number":
        return { kind: "number", ...column, values: float64View(nextBuffer(8 * first, 8 * last)) }
      case "boolean": {
        const bits = nextBuffer(first >> 3, (last + 7) >> 3)
        return { kind: "boolean", ...column, values: unpack(bits, first & 7, last - first) }
      }
      case "int32s": {
        const { start, end, offsets } = rangeOf(first, last)
        presenceOf(start, end)
        return { kind: "int32s", ...column, offsets, values: int32View(nextBuffer(4 * start, 4 * end)) }
      }
      case "float32s": {
        const { start, end, offsets } = rangeOf(first, last)
        presenceOf(start, end)
        return { kind: "float32s", ...column, offsets, values: float32View(nextBuffer(4 * start, 4 * end)) }
      }
      case "list": {
        const { start, end, offsets } = rangeOf(first, last)
        return { kind: "list", ...column, offsets, item: columnOf(field.type.item, start, end) }
      }
      case "record":
        return { kind: "record", ...column, fields: field.type.fields.map((each) => columnOf(each, first, last)) }
    }
  }
  return fields.map((field) => columnOf(field, from, to))
}

const broken = (reason: string): never => {
  throw new Error(`a record batch is damaged: ${reason}`)
}

/** Typed arrays need aligned memory; bodies read whole or in part are aligned, those of other writers may not be. */
const aligned = (bytes: Uint8Array, size: number): Uint8Array => (bytes.byteOffset % size === 0 ? bytes : bytes.slice())

const int32View = (bytes: Uint8Array): Int32Array => {
  const { buffer, byteLength, byteOffset } = aligned(bytes, 4)
  return new Int32Array(buffer, byteOffset, byteLength >> 2)
}

const float32View = (bytes: Uint8Array): Float32Array => {
  const { buffer, byteLength, byteOffset } = aligned(bytes, 4)
  return new Float32Array(buffer, byteOffset, byteLength >> 2)
}

const float64View = (bytes: Uint8Array): Float64Array => {
  const { buffer, byteLength, byteOffset } = aligned(bytes, 8)
  return new Float64Array(buffer, byteOffset, byteLength >> 3)
}
