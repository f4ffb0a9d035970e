/** Names made of content: sha256 in hex, branded so that nobody takes an object's digest for an action's key. */
import * as Brand from "effect/Brand"
import * as Schema from "effect/Schema"
import { hash } from "node:crypto"

/** sha256 in hex. */
export const hexPattern = /^[0-9a-f]{64}$/

const hex = Schema.String.check(Schema.isPattern(hexPattern))

/** sha256 of an object's bytes. */
export const Digest = hex.pipe(Schema.brand("tanren/Digest"))
export type Digest = typeof Digest.Type

/** sha256 over everything that decides an action's result: the name of its record. */
export const ActionKey = hex.pipe(Schema.brand("tanren/ActionKey"))
export type ActionKey = typeof ActionKey.Type

const sha256 = (content: Uint8Array | string): string => hash("sha256", content, "hex")

/** For texts that are known to have the pattern, as what the hash function gives: a plan makes thousands of them. */
export const trustedDigest = Brand.nominal<Digest>()
const trustedKey = Brand.nominal<ActionKey>()

/** The digest of bytes, or of a text's UTF-8. */
export const digestOf = (content: Uint8Array | string): Digest => trustedDigest(sha256(content))

/** The key of an action, given the canonical text of its ingredients. */
export const keyOf = (ingredients: string): ActionKey => trustedKey(sha256(ingredients))
