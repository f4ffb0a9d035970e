/** A thread that hashes the file that it is told of, and answers with its sha256 in hex. */
import { createHash } from "node:crypto"
import { parentPort, workerData } from "node:worker_threads"
import { eachBlock } from "./blocks.ts"

const hash = createHash("sha256")
// What starts this thread gives it a path.
await eachBlock(workerData as string, (block) => void hash.update(block))
parentPort?.postMessage(hash.digest("hex"), [])
