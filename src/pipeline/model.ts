/** Models that pipelines start from, and what belongs to a model whatever it was tuned on. */
import { type Artifact, type Files, type InputTree, isArtifact, type Model, type PatternChoice } from "./Artifact.ts"
import type { Node } from "./Node.ts"

/** Weights and settings of a model folder; what else lies there (a README, a licence) takes no part in keys. */
const modelFiles = ["*.{json,safetensors,bin,model}"]

/** The same of a repository on the Hub, where weights often lie in several formats: one of them is enough. */
const hubModelFiles: ReadonlyArray<PatternChoice> = [
  "*.json",
  { firstOf: ["model*.safetensors", "pytorch_model*.bin"] }
]

const tokenizerFiles = ["{tokenizer,tokenizer_config,special_tokens_map}.json"]

/** Ways to name a model. */
export const model = {
  /**
   * A model in a folder as transformers writes it: config.json, weights, tokenizer.json. The path is relative to the
   * pipeline file.
   */
  folder: (folder: string): Model => ({
    kind: "model",
    origin: { kind: "external", folder, patterns: modelFiles }
  }),

  /**
   * A model of the Hub, "owner/name", at a commit, or at a branch or tag that the lock file holds at one commit. `files` are glob
   * patterns; by default the config, the tokenizer and the weights, as safetensors where there are any.
   */
  hub: (
    id: string,
    options: { readonly revision: string; readonly files?: string | ReadonlyArray<string> }
  ): Model => ({
    kind: "model",
    origin: {
      kind: "hub",
      repository: "model",
      id,
      revision: options.revision,
      patterns: options.files === undefined ? hubModelFiles : [options.files].flat()
    }
  })
}

const inputsOf = (input: InputTree): ReadonlyArray<Artifact> =>
  isArtifact(input) ? [input] : Object.values(input).flatMap(inputsOf)

const tunedFrom = (node: Node): Model => {
  const found = Object.values(node.inputs)
    .flatMap(inputsOf)
    .find((artifact) => artifact.kind === "model")
  if (found === undefined) throw new Error(`The stage "${node.stage.name}" gives a model but reads none to tune.`)
  return found
}

/** The tokenizer's files: those of the base, since tuning changes none of them. Depends on nothing else of the model. */
export const tokenizerOf = (of: Model): Files => {
  const { origin } = of
  switch (origin.kind) {
    case "node":
      return tokenizerOf(tunedFrom(origin.node))
    case "external":
    case "hub":
      return { kind: "files", origin: { ...origin, patterns: tokenizerFiles } }
    case "http":
      throw new Error("internal: a model is never one file behind a URL")
  }
}
