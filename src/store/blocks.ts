/** Files read from end to end: while one block is looked at, the next is on its way. */
import { open } from "node:fs/promises"

/** Bytes. */
const blockSize = 2 ** 20

/** Gives each block of a file to `look`, in order; the bytes are others' once it has returned. */
export const eachBlock = async (path: string, look: (block: Buffer) => void): Promise<void> => {
  const file = await open(path)
  try {
    let [next, spare] = [Buffer.allocUnsafe(blockSize), Buffer.allocUnsafe(blockSize)]
    for (let { bytesRead } = await file.read(next, 0, blockSize); bytesRead > 0;) {
      const block = next.subarray(0, bytesRead)
      ;[next, spare] = [spare, next]
      const reading = file.read(next, 0, blockSize)
      look(block)
      ;({ bytesRead } = await reading)
    }
  } finally {
    await file.close()
  }
}
