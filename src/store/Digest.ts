/** Names made of content: sha256 in hex, branded so that nobody takes an object's digest for an action's key. */
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"

const hex = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))

/** sha256 of an object's bytes. */
export const Digest = hex.pipe(Schema.brand("tanren/Digest"))
export type Digest = typeof Digest.Type

/** sha256 over everything that decides an action's result: the name of its record. */
export const ActionKey = hex.pipe(Schema.brand("tanren/ActionKey"))
export type ActionKey = typeof ActionKey.Type

const sha256 = (content: Uint8Array | string): string => createHash("sha256").update(content).digest("hex")

/** The digest of bytes, or of a text's UTF-8. */
export const digestOf = (content: Uint8Array | string): Digest => Digest.make(sha256(content))

/** The key of an action, given the canonical text of its ingredients. */
export const keyOf = (ingredients: string): ActionKey => ActionKey.make(sha256(ingredients))
