/** Choice prompts as token ids: the two ways in which harnesses divide a text into context and continuation. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { StageFailure } from "../src/pipeline/Reader.ts"
import type { Tokenizer } from "../src/text/tokenizer.ts"
import type { ChoicePrompt } from "./choicePrompts.ts"
import { ChoiceWithoutTokens } from "./Errors.ts"

/** See `encodeChoices`. */
export const ChoiceEncoding = Schema.Literals(["apart", "joint"])
export type ChoiceEncoding = typeof ChoiceEncoding.Type

/** A context and what may follow it, as ids. */
export interface EncodedChoices {
  readonly context: Int32Array
  readonly continuations: ReadonlyArray<Int32Array>
}

type Encoder = (
  tokenizer: Tokenizer,
  prompts: ReadonlyArray<ChoicePrompt>
) => Effect.Effect<ReadonlyArray<EncodedChoices>, StageFailure>

/** Contexts and choices by themselves, without special tokens; EOS stands for an empty context. */
const encodeApart: Encoder = (tokenizer, prompts) =>
  Effect.gen(function* () {
    const contexts = yield* tokenizer.encodeBatch(
      prompts.map(({ context }) => context),
      { special: false }
    )
    const texts = [...new Set(prompts.flatMap(({ choices }) => choices))]
    const encoded = yield* tokenizer.encodeBatch(texts, { special: false })
    const idsOf = new Map(texts.map((text, index) => [text, encoded[index] ?? new Int32Array()]))
    const nothing = tokenizer.eosId === null ? new Int32Array() : Int32Array.of(tokenizer.eosId)
    return prompts.map(({ choices, context }, index): EncodedChoices => ({
      context: context === "" ? nothing : (contexts[index] ?? new Int32Array()),
      continuations: choices.map((text) => idsOf.get(text) ?? new Int32Array())
    }))
  })

/** Whether Python takes a character for space: JavaScript's white space without U+FEFF, and five control characters. */
const isPythonSpace = (character: string): boolean =>
  character !== "\ufeff" && (character.trim() === "" || "\x1c\x1d\x1e\x1f\x85".includes(character))

/** Python's `str.rstrip`. */
const stripEnd = (text: string): string => {
  let end = text.length
  while (end > 0 && isPythonSpace(text.charAt(end - 1))) end -= 1
  return text.slice(0, end)
}

/** Texts with the tokenizer's special tokens, unless they begin with the text of BOS already. */
const encodeWhole = (tokenizer: Tokenizer, bos: string | null, texts: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const begun = texts.map((text) => bos !== null && text.startsWith(bos))
    const special = yield* tokenizer.encodeBatch(
      texts.filter((_, index) => !begun[index]),
      { special: true }
    )
    const plain = yield* tokenizer.encodeBatch(
      texts.filter((_, index) => begun[index]),
      { special: false }
    )
    const [specials, plains] = [special.values(), plain.values()]
    return begun.map((is) => (is ? plains : specials).next().value ?? new Int32Array())
  })

/** The ids that predict a text of which nothing comes before: the first token of the text where that is BOS already. */
const afterPrefix = (prefix: Int32Array, ids: Int32Array): Int32Array =>
  ids[0] !== undefined && ids[0] === prefix[0] ? ids.subarray(1) : ids

/**
 * Context and choice as one text, of which the continuation is what comes after as many ids as the context has; space
 * at the context's end belongs to the continuation. BOS, or EOS where there is none, stands for an empty context.
 */
const encodeJointly: Encoder = (tokenizer, prompts) =>
  Effect.gen(function* () {
    const prefixId = tokenizer.bosId ?? tokenizer.eosId
    const prefix = prefixId === null ? new Int32Array() : Int32Array.of(prefixId)
    const bos = prefixId === null ? null : yield* tokenizer.decode(prefix)
    const contexts = prompts.map(({ context }) => stripEnd(context))
    const contextIds = yield* encodeWhole(tokenizer, bos, contexts)
    const texts = prompts.flatMap(({ choices, context }) => choices.map((choice) => context + choice))
    const textIds = yield* encodeWhole(tokenizer, bos, texts)
    const bare = contexts.includes("") ? yield* tokenizer.encodeBatch(texts, { special: false }) : []
    let first = 0
    return prompts.map(({ choices }, index): EncodedChoices => {
      const begin = first
      first += choices.length
      if (contexts[index] === "") {
        const continuations = bare.slice(begin, first).map((ids) => afterPrefix(prefix, ids))
        return { context: prefix, continuations }
      }
      const context = contextIds[index] ?? new Int32Array()
      return { context, continuations: textIds.slice(begin, first).map((ids) => ids.subarray(context.length)) }
    })
  })

const encoders: { readonly [E in ChoiceEncoding]: Encoder } = { apart: encodeApart, joint: encodeJointly }

/**
 * Encodes prompts. `apart` is how the harness of 2023 does it (Stability-AI/lm-evaluation-harness, jp-stable), `joint`
 * how EleutherAI's lm-evaluation-harness 0.4 does. Fails on a choice of which no token is left, for its likelihood
 * would be 1. Memory: the ids of the prompts given.
 */
export const encodeChoices = (
  encoding: ChoiceEncoding,
  tokenizer: Tokenizer,
  prompts: ReadonlyArray<ChoicePrompt>
): Effect.Effect<ReadonlyArray<EncodedChoices>, StageFailure> =>
  Effect.gen(function* () {
    const encoded = yield* encoders[encoding](tokenizer, prompts)
    for (const [index, { continuations }] of encoded.entries()) {
      const choice = continuations.findIndex(({ length }) => length === 0)
      if (choice < 0) continue
      const { choices = [], context = "" } = prompts[index] ?? {}
      return yield* new ChoiceWithoutTokens({ choice: choices[choice] ?? "", ends: context.slice(-40), encoding })
    }
    return encoded
  })
