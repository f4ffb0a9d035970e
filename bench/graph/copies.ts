/** An experiment of as many stages as one asks for, each of which copies one file, as `cp` does for the peer. */
import { apply, type Experiment, experiment, type Files, someFiles, stage } from "tanren"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const copyStage = stage({
  name: "copy",
  module: import.meta.url,
  computes: false,
  config: Schema.Struct({ file: Schema.String }),
  inputs: { from: someFiles },
  outputs: { to: someFiles },
  run: ({ from }, { file }) => Effect.map(from.bytes(file), (bytes) => ({ to: { [file]: bytes } }))
})

const copy = (file: string): Files =>
  apply(copyStage, {
    config: { file },
    inputs: { from: { kind: "files", origin: { kind: "external", folder: "input", patterns: [file] } } },
    schemas: {},
    label: `copy ${file}`
  }).to

/** Copies files of the folder "input" beside the pipeline file. */
export const copies = (files: ReadonlyArray<string>): Experiment =>
  experiment("copies", { results: {}, outputs: Object.fromEntries(files.map((file) => [file, copy(file)])) })
