/** Files behind URLs: pinned by digest, fetched once, and refused when they change. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createHash, randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { Sources } from "../../src/source/Sources.ts"
import { startHub } from "./hubServer.ts"

const sha256 = (content: Buffer | string): string => createHash("sha256").update(content).digest("hex")

const first = randomBytes(200_000)

/** A server with one file at a URL that people may move, and sources with a lock file. */
const place = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "tanren-http-"))),
    (made) => Effect.sync(() => fs.rmSync(made, { recursive: true, force: true }))
  )
  const server = yield* Effect.acquireRelease(Effect.promise(startHub), (started) => Effect.promise(started.close))
  const put = (content: Buffer) => server.commit("datasets/owner/rows", { "a b.json": content })
  put(first)
  const environment: Record<string, string> = { HF_TOKEN: "hf_notForOthers", HF_ENDPOINT: server.endpoint }
  const downloads = path.join(folder, "downloads")
  const lockFile = path.join(folder, "p.lock.json")
  return {
    server,
    put,
    environment,
    downloads,
    lockFile,
    url: `${server.endpoint}/datasets/owner/rows/resolve/main/a%20b.json`,
    sources: <A, E>(use: (sources: Sources["Service"]) => Effect.Effect<A, E>) =>
      Effect.provide(
        Effect.flatMap(Sources, use),
        Sources.layer({
          lockFile,
          downloads,
          environment,
          patience: { tries: 3, firstDelay: 1, longestDelay: 4, longestWait: 2_000, silence: 300 }
        })
      )
  }
})

type Place = Effect.Success<typeof place>

/** The one file behind a URL, and its bytes. */
const fetched = ({ sources, url }: Place, digest: string | null = null) =>
  sources((service) =>
    Effect.gen(function* () {
      const [file] = yield* service.list({ kind: "http", url, sha256: digest })
      if (file === undefined) throw new Error("no file behind the URL")
      return { file, bytes: fs.readFileSync(yield* service.obtain(file)) }
    })
  )

describe("a file behind a URL", () => {
  it.live("is pinned by what it gives at first, and asked for no more", () =>
    Effect.gen(function* () {
      const here = yield* place
      const { bytes, file } = yield* fetched(here)
      assert.isTrue(bytes.equals(first))
      assert.deepInclude(file, { path: "a b.json", size: first.length, digest: sha256(first) })
      const lock = JSON.parse(fs.readFileSync(here.lockFile, "utf8"))
      assert.deepStrictEqual(lock.http, { [here.url]: { size: first.length, digest: sha256(first) } })
      here.server.asked.length = 0
      here.put(Buffer.from("[]"))
      assert.isTrue((yield* fetched(here)).bytes.equals(first))
      assert.deepStrictEqual(here.server.asked, [])
    })
  )

  it.live("that changed says from what to what, once its bytes are needed again", () =>
    Effect.gen(function* () {
      const here = yield* place
      yield* fetched(here)
      fs.rmSync(here.downloads, { recursive: true })
      here.put(Buffer.from("[]"))
      const smaller = yield* Effect.flip(fetched(here))
      assert.strictEqual(smaller._tag, "SourceChanged")
      assert.include(smaller.message, `its size is 2 bytes, where ${first.length} bytes is pinned`)
      const other = randomBytes(first.length)
      here.put(other)
      const changed = yield* Effect.flip(fetched(here))
      assert.include(changed.message, `its digest is ${sha256(other)}, where ${sha256(first)} is pinned`)
      const [change] = yield* here.sources(({ lock }) => lock([{ kind: "http", url: here.url, sha256: null }], true))
      assert.include(String(change?.change), `${sha256(first).slice(0, 12)} → ${sha256(other).slice(0, 12)}`)
      assert.isTrue((yield* fetched(here)).bytes.equals(other))
    })
  )

  it.live("whose digest the pipeline says needs no lock file, and no request to be planned", () =>
    Effect.gen(function* () {
      const here = yield* place
      const list = here.sources(({ list }) => list({ kind: "http", url: here.url, sha256: sha256(first) }))
      assert.deepInclude((yield* list)[0], { digest: sha256(first) })
      assert.deepStrictEqual(here.server.asked, [])
      assert.isTrue((yield* fetched(here, sha256(first))).bytes.equals(first))
      assert.isFalse(fs.existsSync(here.lockFile))
      const failure = yield* Effect.flip(fetched(here, "0".repeat(64)))
      assert.include(failure.message, "0".repeat(64))
      assert.include(failure.message, sha256(first))
    })
  )

  it.live("that is cut while nobody knows its digest goes on only if it is still the same", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.server.misbehave("a b.json", { kind: "cut", after: 70_000 })
      assert.isTrue((yield* fetched(here)).bytes.equals(first))
      assert.deepStrictEqual(
        here.server.asked.map(({ range }) => range),
        [null, "bytes=70000-"]
      )
    })
  )

  it.live("is asked for without the Hub's token", () =>
    Effect.gen(function* () {
      const here = yield* place
      yield* fetched(here)
      for (const { authorization } of here.server.asked) assert.isNull(authorization)
    })
  )

  it.live("is not asked for offline", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.environment.HF_HUB_OFFLINE = "1"
      assert.strictEqual((yield* Effect.flip(fetched(here)))._tag, "Offline")
      assert.deepStrictEqual(here.server.asked, [])
    })
  )
})

it.live.each(["ftp://a/b.json", "nowhere", "https://me:secret@127.0.0.1/b.json"])("the address %s is refused", (url) =>
  Effect.gen(function* () {
    const here = yield* place
    const failure = yield* Effect.flip(fetched({ ...here, url }))
    assert.strictEqual(failure._tag, "RequestFailed")
    assert.notInclude(failure.message, "secret")
  })
)

it.live("a server that goes on sending here and there is followed so far and no further", () =>
  Effect.gen(function* () {
    const here = yield* place
    const again = { kind: "status", status: 302, headers: { location: new URL(here.url).pathname } } as const
    here.server.misbehave("a b.json", ...Array.from({ length: 20 }, () => again))
    assert.include((yield* Effect.flip(fetched(here))).message, "it redirects more than 10 times")
  })
)
