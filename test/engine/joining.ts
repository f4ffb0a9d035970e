/** Graphs of steps for tests: each joins the files that it reads into one, after a word of its own. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Files } from "../../src/pipeline/Artifact.ts"
import { type Experiment, experiment } from "../../src/pipeline/Experiment.ts"
import { apply, someFiles, stage, treeOf } from "../../src/pipeline/Stage.ts"

const joining = stage({
  name: "joining",
  module: import.meta.url,
  computes: false,
  config: Schema.Struct({ word: Schema.String }),
  inputs: { from: treeOf<ReadonlyArray<Files>>() },
  outputs: { to: someFiles },
  run: ({ from }, { word }) =>
    Effect.map(
      Effect.forEach(from, (files) => files.bytes("joined")),
      (pieces) => ({ to: { joined: Buffer.concat([Buffer.from(word), ...pieces]) } })
    )
})

/** An experiment of one step for each list: the earlier steps that it reads, by position. */
export const joined = (reads: ReadonlyArray<ReadonlyArray<number>>): Experiment => {
  const made: Array<Files> = []
  for (const [index, positions] of reads.entries()) {
    const from = positions.flatMap((position) => made[position] ?? [])
    made.push(apply(joining, { config: { word: `${index} ` }, inputs: { from }, schemas: {}, label: `${index}` }).to)
  }
  return experiment("joined", {
    results: {},
    outputs: Object.fromEntries(made.map((files, index) => [`${index}`, files]))
  })
}
