/** Models that pipelines start from, and what belongs to a model whatever it was tuned on. */
import { type Artifact, type Files, type InputTree, isArtifact, type Model } from "./Artifact.ts"
import type { Node } from "./Node.ts"

/** Weights and settings of a model folder; what else lies there (a README, a licence) takes no part in keys. */
const modelFiles = ["*.{json,safetensors,bin,model}"]

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
export const tokenizerOf = (of: Model): Files =>
  of.origin.kind === "external"
    ? { kind: "files", origin: { ...of.origin, patterns: tokenizerFiles } }
    : tokenizerOf(tunedFrom(of.origin.node))
