/** Torch files as an attacker would make them: pickles and zip archives put together byte by byte. */

const utf8 = new TextEncoder()

/** Bytes, texts and single byte values, one after another. */
export const bytesOf = (...parts: ReadonlyArray<number | string | Uint8Array>): Uint8Array =>
  new Uint8Array(
    Buffer.concat(
      parts.map((part) =>
        typeof part === "number" ? Uint8Array.of(part) : typeof part === "string" ? utf8.encode(part) : part
      )
    )
  )

/** A little-endian number. */
export const little = (value: number | bigint, bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, index) => Number(BigInt.asUintN(8, BigInt(value) >> BigInt(8 * index))))

/** A pickle of protocol 4 with these instructions and an end. */
export const pickleOf = (...parts: ReadonlyArray<number | string | Uint8Array>): Uint8Array =>
  bytesOf(0x80, 4, ...parts, ".")

/** A short text as an instruction. */
export const short = (text: string): Uint8Array => bytesOf(0x8c, utf8.encode(text).length, text)

/** What a tensor's description is made of, so that an attack can change one part of it. */
export interface TensorParts {
  readonly storageClass: string
  readonly key: string
  readonly count: Uint8Array
  readonly start: Uint8Array
  readonly shape: Uint8Array
  readonly strides: Uint8Array
  readonly hooks: Uint8Array
}

/** Six float32 in entry data/0, as a matrix of [2, 3]. */
export const plainTensor: TensorParts = {
  storageClass: "ctorch\nFloatStorage\n",
  key: "0",
  count: bytesOf("K", 6),
  start: bytesOf("K", 0),
  shape: bytesOf("K", 2, "K", 3, 0x86),
  strides: bytesOf("K", 3, "K", 1, 0x86),
  hooks: bytesOf("ccollections\nOrderedDict\n)R")
}

/** The instructions of a tensor. */
export const tensor = (changes: Partial<TensorParts> = {}): Uint8Array => {
  const { count, hooks, key, shape, start, storageClass, strides } = { ...plainTensor, ...changes }
  const id = bytesOf("(", short("storage"), storageClass, short(key), short("cpu"), count, "tQ")
  return bytesOf("ctorch._utils\n_rebuild_tensor_v2\n(", id, start, shape, strides, 0x89, hooks, "tR")
}

/** The instructions of a state dict of one value. */
export const stateDict = (value: Uint8Array): Uint8Array => pickleOf("}", short("w"), value, "s")

/** One entry of an archive; what the headers say can be told apart from what is there. */
export interface Entry {
  readonly name: string
  readonly content: Uint8Array
  readonly localName?: string
  readonly method?: number
  readonly flags?: number
  readonly length?: number
  readonly offset?: number
  readonly wide?: boolean
}

/** Changes to what the last record of an archive says, and to what lies before it. */
export interface End {
  readonly entries?: number
  readonly length?: number
  readonly offset?: number
  readonly before?: Uint8Array
}

/** A zip archive. */
export const zipOf = (entries: ReadonlyArray<Entry>, end: End = {}): Uint8Array => {
  const elsewhere = little(0xffff_ffff, 4)
  const locals: Array<Uint8Array> = []
  const listed: Array<Uint8Array> = []
  let at = 0
  for (const { content, name, ...said } of entries) {
    const { flags = 0, length = content.length, localName = name, method = 0, offset = at, wide = false } = said
    const common = bytesOf(little(20, 2), little(flags, 2), little(method, 2), new Uint8Array(8))
    const sizes = wide ? bytesOf(elsewhere, elsewhere) : bytesOf(little(length, 4), little(length, 4))
    const numbers = [length, length, offset].map((number) => little(number, 8))
    const extra = wide ? bytesOf(little(1, 2), little(24, 2), ...numbers) : bytesOf()
    const [inFront, inList] = [utf8.encode(localName), utf8.encode(name)]
    const local = bytesOf("PK", 3, 4, common, sizes, little(inFront.length, 2), little(0, 2), inFront, content)
    locals.push(local)
    const lengths = bytesOf(little(inList.length, 2), little(extra.length, 2), new Uint8Array(10))
    const place = wide ? elsewhere : little(offset, 4)
    listed.push(bytesOf("PK", 1, 2, little(20, 2), common, sizes, lengths, place, inList, extra))
    at += local.length
  }
  const directory = bytesOf(...listed)
  const count = little(end.entries ?? entries.length, 2)
  const span = bytesOf(little(end.length ?? directory.length, 4), little(end.offset ?? at, 4))
  const last = bytesOf("PK", 5, 6, new Uint8Array(4), count, count, span, little(0, 2))
  return bytesOf(...locals, directory, end.before ?? bytesOf(), last)
}

/** The entries of a file of torch.save with this pickle and six float32. */
export const archiveOf = (pickle: Uint8Array): readonly [pickle: Entry, order: Entry, data: Entry] => [
  { name: "a/data.pkl", content: pickle },
  { name: "a/byteorder", content: bytesOf("little") },
  { name: "a/data/0", content: new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer) }
]
