/** Names that others give to files: which stay inside a folder, and which a pattern means. */
import * as Effect from "effect/Effect"
import * as path from "node:path"
import type { PatternChoice } from "../pipeline/Artifact.ts"
import { NothingMatched, UnsafeName } from "./Errors.ts"

/** Whether a name is a relative path with forward slashes that leads nowhere but down. */
export const isSafeName = (name: string): boolean =>
  name !== "" &&
  !/[\\\0]/.test(name) &&
  !/^[a-zA-Z]:/.test(name) &&
  name.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..")

/** Fails on the first name that is not safe. */
export const checkNames = (where: string, names: Iterable<string>): Effect.Effect<void, UnsafeName> => {
  for (const name of names) if (!isSafeName(name)) return Effect.fail(new UnsafeName({ where, name }))
  return Effect.void
}

const isHidden = (name: string): boolean => name.split("/").some((segment) => segment.startsWith("."))

/** What a pattern finds: the file of that very name, the files of the folder of that name, or those that the glob matches. */
const matches = (names: ReadonlyArray<string>, pattern: string): ReadonlyArray<string> => {
  const literal = path.posix.normalize(pattern).replace(/\/$/, "")
  if (names.includes(literal)) return [literal]
  const shown = isHidden(literal) && literal !== "." ? names : names.filter((name) => !isHidden(name))
  const inside = literal === "." ? shown : shown.filter((name) => name.startsWith(`${literal}/`))
  return inside.length > 0 ? inside : shown.filter((name) => path.posix.matchesGlob(name, literal))
}

/**
 * The names that the patterns find, each once, in the order of their UTF-16 code units. The patterns mean what they mean for files on
 * disk. Fails when one of them finds nothing.
 */
export const selectNames = (
  where: string,
  names: ReadonlyArray<string>,
  patterns: ReadonlyArray<PatternChoice>
): Effect.Effect<ReadonlyArray<string>, NothingMatched> =>
  Effect.map(
    Effect.forEach(patterns, (choice) => {
      const offered = typeof choice === "string" ? [choice] : choice.firstOf
      const found = offered.map((pattern) => matches(names, pattern)).find((some) => some.length > 0)
      return found === undefined
        ? Effect.fail(new NothingMatched({ folder: where, pattern: offered.join('" or "') }))
        : Effect.succeed(found)
    }),
    (found) => [...new Set(found.flat())].sort()
  )
