/** The graphs of generation: tokens after what the cache holds, and the choice of rows of the cache. */
import {
  add,
  argMax,
  cast,
  concat,
  equal,
  expand,
  gather,
  input,
  less,
  linear,
  max,
  or,
  range,
  unsqueeze,
  zeros
} from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { serialize, type Serialized } from "../graph/serialize.ts"
import type { Parts, Tokens } from "./architecture.ts"
import { packedAttention, turned } from "./attention.ts"
import { cacheInputs, cacheOutputs, cacheRegisters, renewedCache } from "./cache.ts"
import { hiddenStates, type Model } from "./Model.ts"
import { packingInputs } from "./packing.ts"

/** What comes of the logits of a sequence's last token: themselves, the likeliest token, or likeliest tokens one after the other. */
export type Wanted = "logits" | "likeliest" | "likeliest run"

/** Bytes of packed weights, in float32: those of linear layers, the output layer among them. */
export const packedBytes = ({ backbone, config }: Pick<Model, "backbone" | "config">): number =>
  4 * backbone.modules.reduce((all, { inputs, outputs }) => all + inputs * outputs, config.vocabulary * config.hidden)

/**
 * While weights are packed for the body of a loop, all of them are there twice. Beyond 2 GiB that is much, and a token takes so long to
 * compute that to ask for each costs nothing beside it.
 */
const mostForRun = 2 ** 31

/** The likeliest token needs no logits on this side, unless they are to be changed. */
export const wantedFor = (
  options: { readonly repetitionPenalty: number; readonly sampling: unknown },
  model: Pick<Model, "backbone" | "config">
): Wanted => {
  if (options.sampling !== null || options.repetitionPenalty !== 1) return "logits"
  return packedBytes(model) <= mostForRun ? "likeliest run" : "likeliest"
}

/** Values after the present token's for the inputs that describe tokens: each sequence goes on by its likeliest token. */
const nextInputs = ({ position }: Tokens, past: Tensor, segment: Tensor, last: Tensor, likeliest: Tensor) => {
  const sequence = range("sequences")
  const [, before = 0] = past.shape
  return {
    ids: likeliest,
    position: add(gather(position, last), 1),
    index: unsqueeze(sequence, 1),
    inverse: sequence,
    segment: zeros("int32", ["sequences", 1]),
    last: sequence,
    "past segment": concat([expand(past, ["sequences", before]), segment], 1)
  }
}

/**
 * Tokens of sequences, any number each: values of `packingFeeds`, `past segment` [sequences, past], -1 where the cache holds
 * no token, and `last` [sequences], the last token of each, in; `logits` [sequences, vocabulary], `likeliest` [sequences] or
 * `likeliest run` [times, sequences], and the longer cache, out. For a run one call goes on by itself, up to `times` tokens
 * a sequence and as long as none ends its text. One graph reads prompts and writes on, so that weights are held once.
 */
export const writingGraph = (model: Model, wanted: Wanted): Serialized => {
  const { backbone, config, joined, weight } = model
  const inputs = packingInputs()
  const past = {
    keyValues: cacheInputs(model, "sequences", "past"),
    segment: input("past segment", "int32", ["sequences", "past"])
  }
  const last = input("last", "int32", ["sequences"])
  const attend = packedAttention(inputs, backbone.cache.size, past)
  // A token that the graph itself finds is looked up in it.
  const embed: Parts["embed"] = (ids) => gather(weight(backbone.embedding), ids)
  const { hidden, keyValues } = hiddenStates(model, inputs, attend, { embed, linears: joined })
  const logits = linear(gather(hidden, last), weight(backbone.outputWeight))
  const cache = cacheOutputs(keyValues)
  if (wanted === "logits") return serialize({ name: "writing", outputs: { logits, ...cache } })

  const likeliest = cast(argMax(logits), "int32")
  if (wanted === "likeliest") return serialize({ name: "writing", outputs: { likeliest, ...cache } })

  const next = nextInputs(inputs, past.segment, inputs.segment, last, likeliest)
  const ended = config.endOfText.map((id) => equal(likeliest, id)).reduce(or, less(likeliest, 0))
  return serialize({
    name: "writing",
    outputs: {
      "likeliest run": likeliest,
      again: equal(max(cast(ended, "int32")), 0),
      ...Object.fromEntries(Object.entries(next).map(([name, value]) => [`next ${name}`, value])),
      ...cache
    },
    repeat: {
      times: "times",
      again: "again",
      next: {
        ...Object.fromEntries(Object.keys(next).map((name) => [name, `next ${name}`])),
        ...Object.fromEntries(cacheRegisters(model).map((register) => [register, renewedCache(register)]))
      }
    }
  })
}

/** The cache of the sequences `rows` [kept], which may name one several times. */
export const selectionGraph = (model: Model): Serialized => {
  const rows = input("rows", "int32", ["kept"])
  const kept = cacheInputs(model, "sequences", "past").map(({ key, value }) => ({
    key: turned(gather(turned(key), rows)),
    value: gather(value, rows)
  }))
  return serialize({ name: "selection of sequences", outputs: cacheOutputs(kept) })
}
