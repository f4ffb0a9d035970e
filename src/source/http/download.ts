/** A file from a server onto the disk: resumed where it was cut, verified, and there whole or not at all. */
import * as Effect from "effect/Effect"
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { Progress } from "../../pipeline/Progress.ts"
import { keyOf } from "../../store/Digest.ts"
import type { StoreFailure } from "../../store/Errors.ts"
import { makeLeases } from "../../store/Leases.ts"
import { type ContentDigest, digestFileLike } from "../contentDigest.ts"
import { DiskRefused, type RequestFailed, SourceChanged } from "../Errors.ts"
import { type Answer, ask, type Patience, persist, type Request, shownUrl } from "./request.ts"

export interface Download {
  readonly request: Request
  /** Where the file goes. */
  readonly target: string
  /** Folder of the leases by which processes that want one file take turns. */
  readonly leases: string
  /** Bytes; null where nobody knows yet. */
  readonly size: number | null
  /** Null takes whatever the server gives. */
  readonly digest: ContentDigest | null
  /** Looks at what the server says of the file before its bytes come; throws `SourceChanged`. */
  readonly inspect?: (headers: Headers) => void
}

export type DownloadFailure = RequestFailed | SourceChanged | DiskRefused | StoreFailure

/** What has arrived lies here until it is whole. */
const partOf = (target: string): string => `${target}.tanren.incomplete`

/** Milliseconds between reports. */
const tick = 500

const megabytes = (bytes: number): number => Math.round(bytes / 1e6)

const requestedRangeIsEmpty = 416

const onDisk = async <A>(file: string, run: () => Promise<A>): Promise<A> => {
  try {
    return await run()
  } catch (error) {
    throw new DiskRefused({ path: file, reason: error instanceof Error ? error.message : String(error) })
  }
}

/** Work on a file of the disk. */
export const disk = <A>(file: string, run: () => Promise<A>): Effect.Effect<A, DiskRefused> =>
  Effect.tryPromise({
    try: run,
    catch: (error) => new DiskRefused({ path: file, reason: error instanceof Error ? error.message : String(error) })
  })

/** Bytes of a file; null where there is none. */
const sizeOf = (file: string): Promise<number | null> =>
  fs.stat(file).then(
    ({ size }) => size,
    () => null
  )

/** Whether an answer goes on at the byte that it was asked to. */
const goesOn = ({ response }: Answer, from: number): boolean =>
  response.status === 206 && response.headers.get("content-range")?.startsWith(`bytes ${from}-`) === true

/** Bytes of the whole file, as an answer says; null where it does not. */
const wholeSize = ({ response }: Answer): number | null => {
  const text =
    response.status === 200
      ? response.headers.get("content-length")
      : response.headers.get("content-range")?.split("/").at(-1)
  return text != null && /^\d+$/.test(text) ? Number(text) : null
}

/** What one download has learned over its connections. */
interface Course {
  connections: number
  /** Bytes that are there. */
  arrived: number
  /** How the server tells one version of the file from another; null where it does not. */
  version: string | null
}

/** The request for what is missing. Without a digest only the server can say that both parts are of one version. */
const requestFrom = ({ digest, request }: Download, from: number, { version }: Course): Request => {
  if (from === 0) return request
  const condition = digest === null && version !== null ? { "if-range": version } : {}
  return { ...request, headers: { ...request.headers, range: `bytes=${from}-`, ...condition } }
}

const sizeChanged = ({ request, size }: Download, found: number): SourceChanged =>
  new SourceChanged({
    what: shownUrl(request.url),
    property: "size",
    expected: `${size} bytes`,
    found: `${found} bytes`
  })

/** Writes an answer's bytes behind those that are there, or in their place. Throws where they end early. */
const receive = (download: Download, from: number, course: Course) => async (answer: Answer) => {
  const { size, target } = download
  const part = partOf(target)
  const { response } = answer
  if (response.status === requestedRangeIsEmpty) {
    await onDisk(part, () => fs.rm(part, { force: true }))
    throw new Error(`it has nothing from byte ${from} on`)
  }
  download.inspect?.(answer.first)
  const whole = wholeSize(answer)
  if (size !== null && whole !== null && whole !== size) throw sizeChanged(download, whole)
  course.version = response.headers.get("etag") ?? response.headers.get("last-modified")
  course.arrived = goesOn(answer, from) ? from : 0
  const file = await onDisk(part, () => fs.open(part, course.arrived === 0 ? "w" : "a"))
  try {
    for await (const piece of response.body ?? []) {
      answer.alive()
      if (size !== null && course.arrived + piece.length > size) {
        throw sizeChanged(download, course.arrived + piece.length)
      }
      await onDisk(part, () => file.writeFile(piece))
      course.arrived += piece.length
    }
    await onDisk(part, () => file.sync())
  } finally {
    await file.close()
  }
  const expected = size ?? whole ?? 0
  if (course.arrived < expected) throw new Error(`it ended after ${course.arrived} of ${expected} bytes`)
}

/** One connection. */
const transfer = (download: Download, silence: number, course: Course) =>
  Effect.gen(function* () {
    const { digest, size, target } = download
    const held = (yield* disk(target, () => sizeOf(partOf(target)))) ?? 0
    const isUsable = (size === null || held <= size) && (digest !== null || course.version !== null)
    const from = isUsable ? held : 0
    if (size !== null && from === size && size > 0) return
    course.connections++
    yield* ask(requestFrom(download, from, course), silence, receive(download, from, course), [requestedRangeIsEmpty])
  })

/** The digest of what arrived, which must be the one that was wanted. */
const verify = ({ digest, request, target }: Download) =>
  Effect.gen(function* () {
    const part = partOf(target)
    const found = yield* disk(part, () => digestFileLike(part, digest ?? ""))
    return digest === null || found === digest
      ? found
      : yield* new SourceChanged({ what: shownUrl(request.url), property: "digest", expected: digest, found })
  })

/**
 * Brings a file to its place, unless it is there, and gives its digest. What an earlier attempt or process left is gone on with;
 * bytes that are not those of the digest are thrown away and, if they were put together from several connections, fetched
 * once more. Of processes that want one file, one fetches it. Holds one piece in memory.
 */
export const download = (wanted: Download, patience: Patience): Effect.Effect<ContentDigest, DownloadFailure> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { report } = yield* Progress
      const { digest, leases, size, target } = wanted
      yield* disk(target, async () => {
        await fs.mkdir(path.dirname(target), { recursive: true })
        await fs.mkdir(leases, { recursive: true })
      })
      yield* makeLeases({ leases }).hold(keyOf(`download ${target}`))
      const there = yield* disk(target, () => sizeOf(target))
      if (digest !== null && there !== null && (size === null || there === size)) return digest

      const course: Course = { connections: 0, arrived: 0, version: null }
      const tell = Effect.suspend(() =>
        report({ done: megabytes(course.arrived), total: size === null ? null : megabytes(size), unit: "MB" })
      )
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(tick), tell)))

      const held = yield* disk(target, () => sizeOf(partOf(target)))
      const receiveAll = persist(transfer(wanted, patience.silence, course), patience, () => course.arrived).pipe(
        Effect.andThen(verify(wanted))
      )
      const discard = disk(target, () => fs.rm(partOf(target), { force: true }))
      const found = yield* receiveAll.pipe(
        Effect.tapErrorTag("SourceChanged", () => discard),
        Effect.catchTag("SourceChanged", (changed) =>
          held !== null || course.connections > 1 ? receiveAll : Effect.fail(changed)
        ),
        Effect.tapErrorTag("SourceChanged", () => discard)
      )
      yield* disk(target, () => fs.rename(partOf(target), target))
      return found
    })
  )
