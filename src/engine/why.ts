/** Why a step has to run: the ingredients of its key held against those of the result it had last. */
import type { Difference } from "./config/differences.ts"
import { differences } from "./config/differences.ts"
import type { Ingredients } from "./identity.ts"

/** One thing that differs; `before` or `after` is absent where it was added or removed. */
export interface Change {
  readonly kind: "declaration" | "package" | "config" | "input" | "rows" | "compute" | "stage"
  /** Which one: "stages/filter.ts: keepRows", "rank", "rows". */
  readonly name: string
  readonly before?: unknown
  readonly after?: unknown
}

const change = (kind: Change["kind"], name: string, before: unknown, after: unknown): Change => ({
  kind,
  name,
  ...(before === undefined ? {} : { before }),
  ...(after === undefined ? {} : { after })
})

const changesOf = (kind: Change["kind"], found: ReadonlyArray<Difference>): ReadonlyArray<Change> =>
  found.map(({ path, before, after }) => change(kind, path, before, after))

type Declarations = Ingredients["code"]["declarations"]

/** A file that was renamed or moved is no change: declarations that kept their hash are paired whatever their module. */
const declarationChanges = (before: Declarations, after: Declarations): ReadonlyArray<Change> => {
  const unmatched = (these: Declarations, those: Declarations) => {
    const hashes = new Set(those.map(({ name, hash }) => `${name} ${hash}`))
    return these.filter(({ name, hash }) => !hashes.has(`${name} ${hash}`))
  }
  const gone = unmatched(before, after)
  const come = unmatched(after, before)
  const text = (declaration: Declarations[number]) => declaration.text ?? declaration.hash.slice(0, 12)
  const label = ({ module, name }: Declarations[number]) => `${module}: ${name}`
  const edited = come.map((now) => {
    const then =
      gone.find((old) => old.name === now.name && old.module === now.module) ??
      gone.find((old) => old.name === now.name)
    return { now, then }
  })
  const paired = new Set(edited.map(({ then }) => then))
  return [
    ...edited.map(({ now, then }) => change("declaration", label(now), then && text(then), text(now))),
    ...gone.filter((old) => !paired.has(old)).map((old) => change("declaration", label(old), text(old), undefined))
  ]
}

const packageChanges = (before: ReadonlyArray<string>, after: ReadonlyArray<string>): ReadonlyArray<Change> => {
  const versions = (packages: ReadonlyArray<string>) =>
    new Map(
      packages.map((named) => {
        const at = named.lastIndexOf("@")
        return at > 0 ? ([named.slice(0, at), named.slice(at + 1)] as const) : ([named, ""] as const)
      })
    )
  const [old, now] = [versions(before), versions(after)]
  return [...new Set([...old.keys(), ...now.keys()])]
    .sort()
    .filter((name) => old.get(name) !== now.get(name))
    .map((name) => change("package", name, old.get(name), now.get(name)))
}

/** Everything that differs between two sets of ingredients, code first. Empty when they are the same. */
export const changes = (before: Ingredients, after: Ingredients): ReadonlyArray<Change> => {
  const named = before.stage === after.stage ? [] : [change("stage", "stage", before.stage, after.stage)]
  const code =
    before.code.digest === after.code.digest
      ? []
      : [
          ...declarationChanges(before.code.declarations, after.code.declarations),
          ...packageChanges(before.code.packages, after.code.packages)
        ]
  return [
    ...named,
    ...code,
    ...changesOf("config", differences(before.config, after.config)),
    ...changesOf("input", differences(before.inputs, after.inputs)),
    ...changesOf("rows", differences(before.rows, after.rows)),
    ...changesOf("compute", differences(before.compute, after.compute))
  ]
}

const shown = (value: unknown): string => {
  const text = typeof value === "string" ? value : JSON.stringify(value)
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}

const phrases: { readonly [Kind in Change["kind"]]: string } = {
  stage: "another stage",
  declaration: "code",
  package: "package",
  config: "config",
  input: "input",
  rows: "row schema",
  compute: "compute"
}

/** A change in one line: "config rank: 4 → 8". Of an input, whose digest says nothing to people, only that it came or went. */
export const describe = ({ after, before, kind, name }: Change): string => {
  const named = `${phrases[kind]} ${kind === "input" ? name.replace(/\.digest$/, "") : name}`
  const told = (value: unknown): string => (kind === "input" ? "" : `: ${shown(value)}`)
  if (before === undefined) return `${named} added${told(after)}`
  if (after === undefined) return `${named} removed${told(before)}`
  return kind === "input"
    ? `${named} has other content (${shown(before).slice(0, 12)} → ${shown(after).slice(0, 12)})`
    : `${named}: ${shown(before)} → ${shown(after)}`
}
