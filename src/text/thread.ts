/** A thread that encodes: it is given a vocabulary, says that it is ready, and then answers each batch of texts with its ids. */
import { parentPort, workerData } from "node:worker_threads"
import { byteLevelEncoder } from "./byteLevel.ts"
import type { ByteLevelVocabulary } from "./byteLevelVocabulary.ts"
import { packed, type PackedBatch, type Prompted } from "./packedBatch.ts"

// What starts this thread gives it a vocabulary, and sends it nothing but texts.
const encode = byteLevelEncoder(workerData as ByteLevelVocabulary)

const answer = (batch: PackedBatch): void =>
  parentPort?.postMessage(batch, [batch.ids.buffer, batch.ends.buffer, batch.promptTokens.buffer])

parentPort?.on("message", (rows: ReadonlyArray<Prompted>) => {
  answer(packed(rows.map(({ prompt, response }) => encode(prompt + response, prompt.length))))
})
parentPort?.postMessage("ready", [])
