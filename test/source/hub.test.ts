/** The Hub through a server that misbehaves: pins, downloads, the shared cache, and where the token goes. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createHash, randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import type { HubFiles } from "../../src/pipeline/Artifact.ts"
import { Sources } from "../../src/source/Sources.ts"
import { type HubServer, type RepositoryFiles, startHub } from "./hubServer.ts"

const large = randomBytes(300_000)
const files: RepositoryFiles = {
  "README.md": "# Rows",
  "data/a.json": '[{ "text": "a" }]',
  "data/b.json": { large },
  "data/ねこ #1.json": "[]",
  ".gitattributes": "*.json"
}

const dataset = (revision = "main", patterns: HubFiles["patterns"] = ["data/*.json"]): HubFiles => ({
  kind: "hub",
  repository: "dataset",
  id: "owner/rows",
  revision,
  patterns
})

const quick = { tries: 3, firstDelay: 1, longestDelay: 4, longestWait: 2_000, silence: 300 }

interface Place {
  readonly hub: HubServer
  readonly commit: string
  readonly folder: string
  readonly cache: string
  readonly lockFile: string
  readonly environment: Record<string, string>
  /** Sources as a new process has them. */
  readonly sources: <A, E>(use: (sources: Sources["Service"]) => Effect.Effect<A, E>) => Effect.Effect<A, E>
}

/** A Hub with one data set, and a folder for cache and lock; both go with the test. */
const place = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "tanren-hub-")))),
    (made) => Effect.sync(() => fs.rmSync(made, { recursive: true, force: true }))
  )
  const hub = yield* Effect.acquireRelease(Effect.promise(startHub), (started) => Effect.promise(started.close))
  const cache = path.join(folder, "hub")
  const lockFile = path.join(folder, "pipeline.lock.json")
  const environment: Record<string, string> = { HF_ENDPOINT: hub.endpoint, HF_HOME: folder }
  const sources: Place["sources"] = (use) =>
    Effect.provide(
      Effect.flatMap(Sources, use),
      Sources.layer({ lockFile, downloads: path.join(folder, "downloads"), environment, patience: quick })
    )
  const found: Place = {
    hub,
    commit: hub.commit("datasets/owner/rows", files),
    folder,
    cache,
    lockFile,
    environment,
    sources
  }
  return found
})

/** Fetches every file of the data set; their contents by path. */
const fetchAll = ({ sources }: Place, wanted = dataset()) =>
  sources((service) =>
    Effect.gen(function* () {
      const contents: Record<string, Buffer> = {}
      for (const file of yield* service.list(wanted)) contents[file.path] = fs.readFileSync(yield* service.obtain(file))
      return contents
    })
  )

const requestsFor = ({ hub }: Place, part: string) => hub.asked.filter((one) => one.path.includes(part))
const blobRequests = ({ hub }: Place) => hub.asked.filter(({ host }) => host === "store")

describe("what a lock file pins", () => {
  it.live("is the commit that a branch has, and every file of it with size and digest", () =>
    Effect.gen(function* () {
      const here = yield* place
      const found = yield* here.sources(({ list }) => list(dataset()))
      assert.deepStrictEqual(
        found.map((file) => [file.path, file.size, file.digest]),
        [
          ["data/a.json", 17, `git:${createHash("sha1").update('blob 17\0[{ "text": "a" }]').digest("hex")}`],
          ["data/b.json", 300_000, createHash("sha256").update(large).digest("hex")],
          ["data/ねこ #1.json", 2, `git:${createHash("sha1").update("blob 2\0[]").digest("hex")}`]
        ]
      )
      const lock = JSON.parse(fs.readFileSync(here.lockFile, "utf8"))
      assert.strictEqual(lock.hub["dataset owner/rows at main"].commit, here.commit)
      assert.deepStrictEqual(
        Object.keys(lock.hub["dataset owner/rows at main"].files).sort(),
        Object.keys(files).sort()
      )
    })
  )

  it.live("stays when the branch moves, until it is asked for anew, which says what changed", () =>
    Effect.gen(function* () {
      const here = yield* place
      const before = yield* here.sources(({ list }) => list(dataset()))
      const moved = here.hub.commit("datasets/owner/rows", { "data/a.json": "[]", "data/c.json": "[]" })
      here.hub.asked.length = 0
      assert.deepStrictEqual(yield* here.sources(({ list }) => list(dataset())), before)
      assert.deepStrictEqual(yield* here.sources(({ lock }) => lock([dataset()], false)), [])
      assert.deepStrictEqual(here.hub.asked, [])
      const [change] = yield* here.sources(({ lock }) => lock([dataset()], true))
      assert.deepStrictEqual(change, {
        name: "dataset owner/rows at main",
        change: `${here.commit.slice(0, 12)} → ${moved.slice(0, 12)}: 1 files changed, 1 added, 4 removed`
      })
      assert.deepStrictEqual(
        (yield* here.sources(({ list }) => list(dataset()))).map((file) => file.path),
        ["data/a.json", "data/c.json"]
      )
    })
  )

  it.live("is asked for once by two that want it at once", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.hub.misbehaveApi({ kind: "slow", wait: 100 })
      const list = here.sources(({ list }) => list(dataset()))
      const [one, other] = yield* Effect.all([list, list], { concurrency: 2 })
      assert.deepStrictEqual(one, other)
      assert.lengthOf(requestsFor(here, "/revision/"), 1)
    })
  )

  it.live("forgets what the pipeline no longer reads", () =>
    Effect.gen(function* () {
      const here = yield* place
      yield* here.sources(({ list }) => list(dataset()))
      assert.deepStrictEqual(yield* here.sources(({ lock }) => lock([], false)), [
        { name: "dataset owner/rows at main", change: "no longer read" }
      ])
    })
  )

  it.live("serves every pattern without another question, offline too", () =>
    Effect.gen(function* () {
      const here = yield* place
      yield* here.sources(({ list }) => list(dataset()))
      yield* Effect.promise(here.hub.close)
      here.environment.HF_HUB_OFFLINE = "1"
      const names = (patterns: HubFiles["patterns"]) =>
        here.sources(({ list }) => Effect.map(list(dataset("main", patterns)), (all) => all.map((one) => one.path)))
      assert.deepStrictEqual(yield* names(["data"]), ["data/a.json", "data/b.json", "data/ねこ #1.json"])
      assert.deepStrictEqual(yield* names(["*"]), ["README.md"])
      assert.deepStrictEqual(yield* names([{ firstOf: ["*.bin", "*.md"] }]), ["README.md"])
      assert.include(
        (yield* Effect.flip(names(["*.csv"]))).message,
        'No file matches "*.csv" in the folder dataset owner/rows'
      )
    })
  )

  it.live("is refused when something else stands in the lock file", () =>
    Effect.gen(function* () {
      const here = yield* place
      fs.writeFileSync(here.lockFile, '{ "format": 1, "hub": { "a": { "commit": "main", "files": {} } }, "http": {} }')
      const failure = yield* Effect.flip(here.sources(({ list }) => list(dataset())))
      assert.strictEqual(failure._tag, "LockUnreadable")
      assert.include(failure.message, here.lockFile)
    })
  )

  it.live("needs no name when the revision is a commit", () =>
    Effect.gen(function* () {
      const here = yield* place
      yield* here.sources(({ list }) => list(dataset(here.commit)))
      assert.deepStrictEqual(requestsFor(here, "/revision/"), [])
    })
  )
})

describe("a download", () => {
  it.live("gives the bytes, and is not made twice", () =>
    Effect.gen(function* () {
      const here = yield* place
      const contents = yield* fetchAll(here)
      assert.isTrue(contents["data/b.json"]?.equals(large))
      assert.strictEqual(contents["data/ねこ #1.json"]?.toString(), "[]")
      here.hub.asked.length = 0
      yield* fetchAll(here)
      assert.deepStrictEqual(here.hub.asked, [])
    })
  )

  it.live("goes on where the connection was cut", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.hub.misbehave(
        "data/b.json",
        { kind: "cut", after: 100_000 },
        { kind: "cut", after: 50_000 },
        { kind: "stall", after: 10_000 }
      )
      assert.isTrue((yield* fetchAll(here))["data/b.json"]?.equals(large))
      assert.deepStrictEqual(
        blobRequests(here).map(({ range }) => range),
        [null, "bytes=100000-", "bytes=150000-", "bytes=160000-"]
      )
    })
  )

  it.live("begins again where the server knows no ranges", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.hub.misbehave("data/b.json", { kind: "cut", after: 100_000 }, { kind: "whole" })
      assert.isTrue((yield* fetchAll(here))["data/b.json"]?.equals(large))
    })
  )

  it.live("waits for as long as the server asks, and gives up on one that never answers", () =>
    Effect.gen(function* () {
      const here = yield* place
      const busy = { kind: "status", status: 429, headers: { "retry-after": "1" } } as const
      here.hub.misbehave("data/b.json", busy, { kind: "status", status: 503 })
      const began = performance.now()
      assert.isTrue((yield* fetchAll(here))["data/b.json"]?.equals(large))
      assert.isAtLeast(performance.now() - began, 1_000)

      const broken = { kind: "status", status: 500 } as const
      here.hub.misbehave("data/a.json", broken, broken, broken, broken)
      fs.rmSync(here.cache, { recursive: true })
      const failure = yield* Effect.flip(fetchAll(here))
      assert.strictEqual(failure._tag, "RequestFailed")
      assert.match(failure.message, /data\/a\.json answered with status 500/)
      assert.lengthOf(requestsFor(here, "data/a.json"), 1 + quick.tries)
    })
  )

  it.live("does not wait for a server that asks for too much", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.hub.misbehave("data/b.json", { kind: "status", status: 503, headers: { "retry-after": "3600" } })
      assert.strictEqual((yield* Effect.flip(fetchAll(here)))._tag, "RequestFailed")
      assert.lengthOf(blobRequests(here), 1)
    })
  )

  it.live("refuses other bytes, of this length or another, and keeps none of them", () =>
    Effect.gen(function* () {
      const here = yield* place
      const other = Buffer.from(large)
      other.writeUInt8((other.readUInt8(7) + 1) % 256, 7)
      here.hub.misbehave("data/b.json", { kind: "bytes", bytes: other })
      const failure = yield* Effect.flip(fetchAll(here))
      assert.strictEqual(failure._tag, "SourceChanged")
      assert.include(failure.message, createHash("sha256").update(large).digest("hex"))
      assert.include(failure.message, createHash("sha256").update(other).digest("hex"))
      here.hub.misbehave("data/b.json", { kind: "bytes", bytes: large.subarray(1) })
      assert.include(
        (yield* Effect.flip(fetchAll(here))).message,
        "its size is 299999 bytes, where 300000 bytes is pinned"
      )
      const blobs = fs.readdirSync(path.join(here.cache, "datasets--owner--rows", "blobs"))
      assert.lengthOf(blobs, 1)
      assert.isTrue((yield* fetchAll(here))["data/b.json"]?.equals(large))
    })
  )

  it.live("throws away what was left of other bytes, and fetches once more", () =>
    Effect.gen(function* () {
      const here = yield* place
      const blobs = path.join(here.cache, "datasets--owner--rows", "blobs")
      fs.mkdirSync(blobs, { recursive: true })
      const name = createHash("sha256").update(large).digest("hex")
      fs.writeFileSync(path.join(blobs, `${name}.tanren.incomplete`), randomBytes(200_000))
      assert.isTrue((yield* fetchAll(here))["data/b.json"]?.equals(large))
      assert.deepStrictEqual(
        blobRequests(here).map(({ range }) => range),
        ["bytes=200000-", null]
      )
    })
  )

  it.live("refuses a file that the server says is another, before its bytes come", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.hub.misbehave("data/a.json", { kind: "etag", etag: "0".repeat(40) })
      const failure = yield* Effect.flip(fetchAll(here))
      assert.strictEqual(failure._tag, "SourceChanged")
      assert.include(failure.message, `its etag is git:${"0".repeat(40)}`)
    })
  )

  it.live("is made once by two that want it at once", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.hub.misbehave("data/b.json", { kind: "slow", wait: 200 })
      const both = yield* Effect.all([fetchAll(here), fetchAll(here)], { concurrency: 2 })
      for (const contents of both) assert.isTrue(contents["data/b.json"]?.equals(large))
      assert.lengthOf(blobRequests(here), 1)
    })
  )
})

describe("the token", () => {
  const token = "hf_verySecret"

  it.live("goes to the Hub, and to no other host", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.hub.demand(token)
      fs.writeFileSync(path.join(here.folder, "token"), `${token}\n`)
      yield* fetchAll(here)
      const seen = here.hub.asked.map(({ authorization, host }) => [host, authorization])
      assert.isNotEmpty(blobRequests(here))
      for (const [host, authorization] of seen) {
        assert.strictEqual(authorization, host === "hub" ? `Bearer ${token}` : null)
      }
    })
  )

  it.live("is told to nobody, not even when the server repeats it", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.hub.demand("another")
      here.environment.HF_TOKEN = token
      const failure = yield* Effect.flip(fetchAll(here))
      assert.strictEqual(failure._tag, "NotOnHub")
      assert.include(failure.message, "dataset owner/rows at main")
      assert.include(failure.message, "set HF_TOKEN")
      assert.notInclude(failure.message, token)
      assert.notInclude(JSON.stringify(failure), token)
    })
  )
})

describe("the cache", () => {
  it.live("is laid out as Hugging Face's library does", () =>
    Effect.gen(function* () {
      const here = yield* place
      yield* fetchAll(here)
      const repository = path.join(here.cache, "datasets--owner--rows")
      const pointer = path.join(repository, "snapshots", here.commit, "data", "b.json")
      assert.strictEqual(fs.readlinkSync(pointer), `../../../blobs/${createHash("sha256").update(large).digest("hex")}`)
      assert.strictEqual(fs.readFileSync(path.join(repository, "refs", "main"), "utf8"), here.commit)
    })
  )

  it.live("serves what another program left in it, offline: commit, listing and bytes", () =>
    Effect.gen(function* () {
      const here = yield* place
      const repository = path.join(here.cache, "models--owner--tiny")
      const commit = "c".repeat(40)
      const content = '{ "model_type": "llama" }'
      const sha1 = createHash("sha1").update(`blob ${content.length}\0${content}`).digest("hex")
      const write = (file: string, text: string) => {
        fs.mkdirSync(path.dirname(path.join(repository, file)), { recursive: true })
        fs.writeFileSync(path.join(repository, file), text)
      }
      write("refs/main", commit)
      write(`snapshots/${commit}/config.json`, content)
      const listed = { "config.json": { size: content.length, blob_id: sha1 } }
      write(`trees/${commit}.json`, JSON.stringify({ format_version: 1, files: listed }))
      here.environment.HF_HUB_OFFLINE = "1"
      const wanted: HubFiles = {
        kind: "hub",
        repository: "model",
        id: "owner/tiny",
        revision: "main",
        patterns: ["*.json"]
      }
      const contents = yield* fetchAll(here, wanted)
      assert.strictEqual(contents["config.json"]?.toString(), content)
      assert.deepStrictEqual(here.hub.asked, [])
    })
  )

  it.live("says what is missing when nobody may be asked", () =>
    Effect.gen(function* () {
      const here = yield* place
      yield* here.sources(({ list }) => list(dataset()))
      here.environment.HF_HUB_OFFLINE = "1"
      here.hub.asked.length = 0
      const failure = yield* Effect.flip(fetchAll(here))
      assert.strictEqual(failure._tag, "Offline")
      assert.include(failure.message, "data/a.json of dataset owner/rows")
      const unknown = yield* Effect.flip(here.sources(({ list }) => list(dataset("v2"))))
      assert.include(unknown.message, "dataset owner/rows at v2")
      assert.deepStrictEqual(here.hub.asked, [])
    })
  )
})

describe("names that lead elsewhere are refused:", () => {
  it.live("of files that a server lists", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.hub.commit("datasets/owner/rows", { "../../evil.json": "[]" })
      const failure = yield* Effect.flip(fetchAll(here))
      assert.strictEqual(failure._tag, "UnsafeName")
      assert.include(failure.message, "../../evil.json")
    })
  )

  it.live.each(["../up", "a b", "", "/main", "a/../b"])("the revision %j", (revision) =>
    Effect.gen(function* () {
      const here = yield* place
      assert.strictEqual((yield* Effect.flip(fetchAll(here, dataset(revision))))._tag, "UnsafeName")
      assert.deepStrictEqual(here.hub.asked, [])
    })
  )
})

it.live("a question is asked again when the server is busy, and page after page is read", () =>
  Effect.gen(function* () {
    const here = yield* place
    here.hub.misbehaveApi({ kind: "status", status: 429 }, { kind: "cut", after: 3 })
    assert.lengthOf(yield* here.sources(({ list }) => list(dataset())), 3)
    assert.isAtLeast(requestsFor(here, "/tree/").length, 3)
  })
)
