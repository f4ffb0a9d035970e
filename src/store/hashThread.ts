/** A thread that hashes: it answers each block of bytes when it is done with it, and anything else with the sha256 of all, in hex. */
import { createHash } from "node:crypto"
import { parentPort } from "node:worker_threads"

const hash = createHash("sha256")

parentPort?.on("message", (block: unknown) => {
  if (block instanceof Uint8Array) hash.update(block)
  parentPort?.postMessage(block instanceof Uint8Array ? null : hash.digest("hex"), [])
})
