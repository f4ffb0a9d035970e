/** Where the record of an experiment lies: beside its pipeline file, to be committed with it. */
import * as path from "node:path"

/** The path of a pipeline file's record: `paper.ts` has `paper.record.json`. */
export const recordPath = (file: string): string => {
  const { dir, name } = path.parse(file)
  return path.join(dir, `${name}.record.json`)
}
