/** config.json files of real models are read; what would change a result and is not supported is refused by name. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ModelConfig, readConfig } from "../../src/model/config.ts"

/** cyberagent/open-calm-7b, as published in 2023. */
const openCalm = {
  architectures: ["GPTNeoXForCausalLM"],
  bos_token_id: 0,
  eos_token_id: 0,
  hidden_act: "gelu",
  hidden_size: 4096,
  initializer_range: 0.02,
  intermediate_size: 16384,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 2048,
  model_type: "gpt_neox",
  num_attention_heads: 32,
  num_hidden_layers: 32,
  rotary_emb_base: 10000,
  rotary_pct: 1.0,
  tie_word_embeddings: false,
  torch_dtype: "float16",
  use_cache: true,
  use_parallel_residual: false,
  vocab_size: 52224
}

const read = (json: unknown) => readConfig("config.json", json)
const rotation = (config: ModelConfig) =>
  config.architecture === "gpt_neox" ? [config.rotaryBase, config.rotarySize] : []
const refusal = (json: unknown) => Effect.map(Effect.flip(read(json)), ({ message }) => message)

describe("config.json", () => {
  it.effect("of OpenCALM", () =>
    Effect.gen(function* () {
      const config = yield* read(openCalm)
      assert.deepStrictEqual(
        { ...config },
        {
          architecture: "gpt_neox",
          hidden: 4096,
          layers: 32,
          heads: 32,
          intermediate: 16384,
          vocabulary: 52224,
          positions: 2048,
          activation: "gelu",
          tiedEmbeddings: false,
          attentionBias: true,
          rotaryBase: 10000,
          rotaryScaling: { kind: "none" },
          rotarySize: 128,
          parallelResidual: false,
          layerNormEpsilon: 1e-5,
          beginOfText: 0,
          endOfText: [0]
        }
      )
    })
  )

  it.effect("says the rotation in the words of every version of transformers", () =>
    Effect.gen(function* () {
      const { rotary_emb_base: _, rotary_pct: __, ...others } = openCalm
      const recent = yield* read({
        ...others,
        rope_parameters: { rope_type: "default", rope_theta: 5000, partial_rotary_factor: 0.5 }
      })
      assert.deepStrictEqual(rotation(recent), [5000, 64])
      const middle = yield* read({ ...others, rope_theta: 5000, partial_rotary_factor: 0.5 })
      assert.deepStrictEqual(middle, recent)
      const silent = yield* read(others)
      assert.deepStrictEqual(rotation(silent), [10000, 32])
    })
  )

  it.effect("of LLaMA, old and new", () =>
    Effect.gen(function* () {
      const old = {
        model_type: "llama",
        hidden_size: 4096,
        intermediate_size: 11008,
        num_attention_heads: 32,
        num_hidden_layers: 32,
        max_position_embeddings: 2048,
        rms_norm_eps: 1e-6,
        vocab_size: 32000,
        hidden_act: "silu",
        tie_word_embeddings: false,
        bos_token_id: 1,
        eos_token_id: 2
      }
      assert.deepInclude(yield* read(old), {
        keyValueHeads: 32,
        headSize: 128,
        rotaryBase: 10000,
        attentionBias: false
      })
      const grouped = yield* read({
        ...old,
        num_key_value_heads: 8,
        head_dim: 64,
        rope_theta: 5e5,
        eos_token_id: [2, 3]
      })
      assert.deepInclude(grouped, { keyValueHeads: 8, headSize: 64, rotaryBase: 5e5, endOfText: [2, 3] })
      assert.match(yield* refusal({ ...old, num_key_value_heads: 5 }), /"num_key_value_heads" is 5/)
    })
  )

  it.effect("is refused for an architecture, an activation or a rotation that is not supported", () =>
    Effect.gen(function* () {
      assert.match(yield* refusal({ ...openCalm, model_type: "bert" }), /"model_type" is "bert".*Supported: gpt_neox/s)
      assert.match(yield* refusal({ ...openCalm, hidden_act: "mish" }), /"hidden_act" is "mish".*gelu/s)
      assert.match(
        yield* refusal({ ...openCalm, rope_scaling: { type: "yarn", factor: 2 } }),
        /"rope_scaling.rope_type" is "yarn"/
      )
      assert.match(yield* refusal({ ...openCalm, num_attention_heads: 33 }), /"num_attention_heads" is 33.*divisor/s)
    })
  )

  it.effect("is refused for a rotation that is only half said, or says more than is known", () =>
    Effect.gen(function* () {
      const rotated = (rope_parameters: object) => refusal({ ...openCalm, rope_parameters })
      assert.match(
        yield* rotated({ rope_type: "longrope", short_factor: [1] }),
        /"rope_parameters.rope_type" is "longr/
      )
      assert.match(yield* rotated({ rope_type: "linear" }), /"rope_parameters.factor" is absent/)
      assert.match(yield* rotated({ rope_type: "llama3", factor: 8 }), /"rope_parameters.low_freq_factor" is absent/)
      assert.match(yield* rotated({ mrope_section: [2] }), /"rope_parameters.mrope_section" is \[2\]/)
      assert.match(yield* rotated({ rope_type: "linear", factor: 0 }), /"rope_parameters" is .*greater than 0/s)
    })
  )

  it.effect("is refused for fields that change the result and are not supported, unless they change nothing", () =>
    Effect.gen(function* () {
      const { rotary_emb_base: _, rotary_pct: __, use_parallel_residual: ___, ...sizes } = openCalm
      const llama = { ...sizes, model_type: "llama" }
      const changes = [
        [openCalm, { attention_dropout: 0.1 }, { attention_dropout: 0 }],
        [openCalm, { hidden_dropout: 0.1 }, { hidden_dropout: 0 }],
        [openCalm, { head_dim: 64 }, { head_dim: null }],
        [openCalm, { quantization_config: { bits: 4 } }, { quantization_config: null }],
        [openCalm, { sliding_window: 128 }, { sliding_window: null }],
        [llama, { attention_dropout: 0.1 }, { attention_dropout: 0 }],
        [llama, { original_max_position_embeddings: 512 }, { original_max_position_embeddings: null }],
        [llama, { partial_rotary_factor: 0.5 }, { partial_rotary_factor: 1 }],
        [llama, { pretraining_tp: 2 }, { pretraining_tp: 1 }],
        [llama, { quantization_config: { bits: 4 } }, { quantization_config: null }],
        [llama, { sliding_window: 128 }, { sliding_window: null }]
      ] as const
      for (const [config, refused, accepted] of changes) {
        const [[name, value] = []] = Object.entries(refused)
        assert.include(yield* refusal({ ...config, ...refused }), `"${name}" is ${JSON.stringify(value)}`)
        assert.deepStrictEqual(yield* read({ ...config, ...accepted }), yield* read(config))
      }
      assert.match(
        yield* refusal({ ...llama, rope_parameters: { partial_rotary_factor: 0.5 } }),
        /"partial_rotary_factor" is 0.5/
      )
    })
  )

  it.effect("names every size that is missing", () =>
    Effect.gen(function* () {
      const { hidden_size: _, vocab_size: __, ...others } = openCalm
      const message = yield* refusal(others)
      assert.match(message, /hidden_size/)
      assert.match(message, /vocab_size/)
    })
  )
})
