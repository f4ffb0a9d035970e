/** Every fact the quickstart knows, and which of them are held out of the instruction rows. */
import { calendar } from "./calendar.ts"
import type { Fact } from "./Fact.ts"
import { geography } from "./geography.ts"
import { numbers } from "./numbers.ts"
import { seeded } from "./Random.ts"
import { things } from "./things.ts"
import { writing } from "./writing.ts"

export const facts = (): ReadonlyArray<Fact> => [...geography(), ...things(), ...numbers(), ...calendar(), ...writing()]

/** One fact in six of every dataset is held out: it is never asked in a row. */
export const splitFacts = (): { readonly tuned: ReadonlyArray<Fact>; readonly held: ReadonlyArray<Fact> } => {
  const groups = Map.groupBy(facts(), (fact) => fact.dataset)
  const random = seeded(1)
  const mixed = [...groups.values()].map((group) => random.shuffle(group))
  return {
    tuned: mixed.flatMap((group) => group.filter((_, index) => index % 6 !== 5)),
    held: mixed.flatMap((group) => group.filter((_, index) => index % 6 === 5))
  }
}
