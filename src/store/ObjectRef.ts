/** A reference to a stored object: what it contains, and how its file looked when it was last known to be intact. */
import * as Brand from "effect/Brand"
import * as Schema from "effect/Schema"
import type { BigIntStats } from "node:fs"
import { Digest } from "./Digest.ts"

export const signaturePattern = /^\d+ \d+ \d+ \d+$/

/** "size inode mtime ctime", times in nanoseconds: equal signatures of one path mean that nobody wrote to the file. */
export const StatSignature = Schema.String.check(Schema.isPattern(signaturePattern)).pipe(
  Schema.brand("tanren/StatSignature")
)
export type StatSignature = typeof StatSignature.Type

// The text below has the pattern by construction; a plan makes a thousand of them.
const trusted = Brand.nominal<StatSignature>()

/** Reads the signature off a stat made with `bigint: true`. */
export const signatureOf = (stat: BigIntStats): StatSignature =>
  trusted(`${stat.size} ${stat.ino} ${stat.mtimeNs} ${stat.ctimeNs}`)

export const ObjectRef = Schema.Struct({
  digest: Digest,
  /** Bytes. */
  size: Schema.Int,
  signature: StatSignature
})
export type ObjectRef = typeof ObjectRef.Type
