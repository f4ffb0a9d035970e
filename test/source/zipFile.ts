/** Zip archives put together byte by byte, so that what they say can be told apart from what they hold. */
import { crc32, deflateRawSync } from "node:zlib"

export interface ZipEntry {
  readonly name: string
  readonly content: Buffer | string
  /** What the directory says instead of the truth. */
  readonly says?: {
    readonly size?: number
    readonly checksum?: number
    readonly offset?: number
    readonly method?: number
    readonly flags?: number
  }
}

const little = (bytes: number, ...values: ReadonlyArray<number>): Buffer => {
  const buffer = Buffer.alloc(bytes * values.length)
  values.forEach((value, index) => buffer.writeUIntLE(value, index * bytes, bytes))
  return buffer
}

/** A zip archive of deflated files. */
export const zipOf = (entries: ReadonlyArray<ZipEntry>): Buffer => {
  const locals: Array<Buffer> = []
  const listed: Array<Buffer> = []
  let at = 0
  for (const { content, name, says = {} } of entries) {
    const whole = Buffer.from(content)
    const deflated = deflateRawSync(whole)
    const path = Buffer.from(name)
    const { checksum = crc32(whole), flags = 0x800, method = 8, offset = at, size = whole.length } = says
    const common = Buffer.concat([
      little(2, 20, flags, method, 0, 0),
      little(4, checksum, deflated.length, size),
      little(2, path.length, 0)
    ])
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, path, deflated])
    locals.push(local)
    listed.push(
      Buffer.concat([Buffer.from("PK\x01\x02"), little(2, 20), common, little(2, 0, 0, 0), little(4, 0, offset), path])
    )
    at += local.length
  }
  const directory = Buffer.concat(listed)
  const end = [little(2, 0, 0, entries.length, entries.length), little(4, directory.length, at), little(2, 0)]
  return Buffer.concat([...locals, directory, Buffer.from("PK\x05\x06"), ...end])
}
