/** Files read from end to end: while one block is looked at, the next is on its way. */
import { open } from "node:fs/promises"

/** Bytes. */
export const blockSize = 2 ** 20

/**
 * Gives each block of a file to `look`, in order; the bytes are others' once it has returned, or what it promises has come. The two buffers of
 * `blockSize` in which the blocks come may be given.
 */
export const eachBlock = async (
  path: string,
  look: (block: Buffer) => void | Promise<void>,
  buffers: readonly [Buffer, Buffer] = [Buffer.allocUnsafe(blockSize), Buffer.allocUnsafe(blockSize)]
): Promise<void> => {
  const file = await open(path)
  try {
    let [next, spare] = buffers
    for (let read = await file.read(next, 0, blockSize); read.bytesRead > 0;) {
      const block = next.subarray(0, read.bytesRead)
      ;[next, spare] = [spare, next]
      const reading = file.read(next, 0, blockSize)
      // Both are waited for at once, so that neither fails unheard.
      ;[read] = await Promise.all([reading, look(block)])
    }
  } finally {
    await file.close()
  }
}
