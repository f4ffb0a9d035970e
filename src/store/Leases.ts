/** Leases: one computation per key at a time, across the fibers of a process and the processes that share a store. */
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import type * as Scope from "effect/Scope"
import { randomInt } from "node:crypto"
import * as fs from "node:fs"
import { join } from "node:path"
import { ActionKey } from "./Digest.ts"
import { attempt, type Folders, ifAllowed, unlessMissing } from "./disk.ts"
import type { StoreFailure } from "./Errors.ts"
import { lifeOf, uniqueName } from "./Holder.ts"

export interface Leases {
  /** Waits until nobody else holds the key, then holds it until the scope closes. */
  readonly hold: (key: ActionKey) => Effect.Effect<void, StoreFailure, Scope.Scope>
  /**
   * The result of `find`, which gives null for a miss, or else of `compute`; both run under the lease, so that whoever
   * comes second waits and then finds.
   */
  readonly share: <A, E, R, E2, R2>(
    key: ActionKey,
    find: Effect.Effect<A | null, E, R>,
    compute: Effect.Effect<A, E2, R2>,
    turn?: Turn
  ) => Effect.Effect<A, E | E2 | StoreFailure, R | R2>
  /** Keys that a live holder has now. */
  readonly held: Effect.Effect<ReadonlyArray<ActionKey>, StoreFailure>
}

/** Waits for a turn to compute; whoever waits for another holder has none. */
export type Turn = <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Milliseconds. */
const heartbeat = 1_000
const silence = 10_000
const poll = { least: 20, most: 80 }

/**
 * A claim is a file "<key>.<unique name>". Whoever finds no other live claim after making its own holds the key;
 * otherwise it withdraws and tries again. Of two that claim at once, the later to look sees the other, so that two
 * never hold. Names are unique, hence removing a dead claim cannot hit a live one.
 */
export const makeLeases = (folders: Pick<Folders, "leases">): Leases => {
  /** One attempt to take the key until the scope closes. */
  const take = (claims: Claims): Effect.Effect<boolean, StoreFailure, Scope.Scope> =>
    Effect.uninterruptible(
      Effect.gen(function* () {
        const claim = yield* attempt("take a lease", folders.leases, () => claims.try())
        if (claim !== null) yield* Effect.addFinalizer(() => Effect.sync(beat(claim)))
        return claim !== null
      })
    )
  const pause = Effect.suspend(() => Effect.sleep(randomInt(poll.least, poll.most)))

  const hold = (key: ActionKey): Effect.Effect<void, StoreFailure, Scope.Scope> =>
    Effect.gen(function* () {
      const claims = watchClaims(folders, key)
      while (!(yield* take(claims))) yield* pause
    })

  const share: Leases["share"] = (key, find, compute, turn = identity) =>
    Effect.gen(function* () {
      const claims = watchClaims(folders, key)
      const once = Effect.scoped(
        Effect.gen(function* () {
          if (!(yield* take(claims))) return null
          return { result: (yield* find) ?? (yield* compute) }
        })
      )
      for (;;) {
        const made = yield* turn(once)
        if (made !== null) return made.result
        yield* pause
      }
    })

  return {
    hold,
    share,
    held: attempt("list the leases", folders.leases, () => {
      const live = fs
        .readdirSync(folders.leases)
        .map(parseClaim)
        .filter(({ holder }) => lifeOf(holder) !== "dead")
      return [...new Set(live.map(({ key }) => key))]
        .filter((key) => /^[0-9a-f]{64}$/.test(key))
        .map((key) => ActionKey.make(key))
    })
  }
}

const parseClaim = (name: string): { readonly key: string; readonly holder: string } => {
  const [key = "", holder = ""] = name.split(".")
  return { key, holder }
}

/** Touches a claim until the function that it returns takes the claim back. */
const beat = (claim: string): (() => void) => {
  const timer = setInterval(() => {
    const now = new Date()
    ifAllowed(() => fs.utimesSync(claim, now, now))
  }, heartbeat)
  timer.unref()
  return () => {
    clearInterval(timer)
    ifAllowed(() => fs.rmSync(claim, { force: true }))
  }
}

/** Claims on one key as one waiter sees them, who remembers when each of them last moved. */
interface Claims {
  /** The path of a claim that nobody else's stands beside; null while another holds the key. */
  readonly try: () => string | null
}

const watchClaims = (folders: Pick<Folders, "leases">, key: ActionKey): Claims => {
  const seen = new Map<string, { readonly touched: number; readonly at: number }>()

  /** By the waiter's own clock: clocks of two machines need not agree. */
  const isSilent = (name: string): boolean => {
    const stat = unlessMissing(() => fs.statSync(join(folders.leases, name)))
    if (stat === null) return true
    const now = performance.now()
    const last = seen.get(name)
    if (last?.touched === stat.mtimeMs) return now - last.at > silence
    seen.set(name, { touched: stat.mtimeMs, at: now })
    return false
  }
  const isOver = (name: string): boolean => {
    const life = lifeOf(parseClaim(name).holder)
    return life === "dead" || (life === "unknown" && isSilent(name))
  }
  const others = (own: string | null): number => {
    const names = fs.readdirSync(folders.leases).filter((name) => name.startsWith(key) && name !== own)
    const over = names.filter(isOver)
    for (const name of over) fs.rmSync(join(folders.leases, name), { force: true })
    return names.length - over.length
  }
  return {
    try: () => {
      if (others(null) > 0) return null
      const own = `${key}.${uniqueName()}`
      const path = join(folders.leases, own)
      fs.writeFileSync(path, "", { flag: "wx" })
      let alone = false
      try {
        alone = others(own) === 0
      } finally {
        if (!alone) fs.rmSync(path, { force: true })
      }
      return alone ? path : null
    }
  }
}
