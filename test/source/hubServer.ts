/** A small Hub on this machine: it speaks the protocol, keeps a log of who asked what, and misbehaves on request. */
import { createHash } from "node:crypto"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** One way to answer wrongly; the server takes one from the list of a path with each request for its bytes. */
export type Fault =
  /** Ends the connection after so many bytes. */
  | { readonly kind: "cut"; readonly after: number }
  /** Sends so many bytes, then nothing. */
  | { readonly kind: "stall"; readonly after: number }
  | { readonly kind: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Answers with other bytes, of the same length unless said otherwise. */
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  /** Says another digest than the listing does. */
  | { readonly kind: "etag"; readonly etag: string }
  /** Knows no ranges. */
  | { readonly kind: "whole" }
  /** Waits so many milliseconds first. */
  | { readonly kind: "slow"; readonly wait: number }

export interface Asked {
  /** "hub", or "store" for the other host that large files are sent from. */
  readonly host: "hub" | "store"
  readonly path: string
  readonly authorization: string | null
  readonly range: string | null
}

/** Path to content; a large file lies on the other host and is known by its sha256. */
export type RepositoryFiles = { readonly [path: string]: string | Buffer | { readonly large: Buffer } }

export interface HubServer {
  readonly endpoint: string
  /** Every request so far. */
  readonly asked: Array<Asked>
  /** Puts a commit on a branch of "datasets/owner/name" or "models/owner/name", which is made; gives the commit. */
  readonly commit: (repository: string, files: RepositoryFiles, branch?: string) => string
  /** What goes wrong with the next requests for the bytes of a file, one after another. */
  readonly misbehave: (path: string, ...faults: ReadonlyArray<Fault>) => void
  /** What goes wrong with the next questions about repositories. */
  readonly misbehaveApi: (...faults: ReadonlyArray<Fault>) => void
  /** From now on only this token may ask. */
  readonly demand: (token: string) => void
  readonly close: () => Promise<void>
}

interface Entry {
  readonly content: Buffer
  readonly isLarge: boolean
}

const entryOf = (file: RepositoryFiles[string]): Entry =>
  typeof file === "string" || Buffer.isBuffer(file)
    ? { content: Buffer.from(file), isLarge: false }
    : { content: file.large, isLarge: true }

const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex")
const gitSha1 = (content: Buffer): string =>
  createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex")

/** Files on one page of a listing. */
const pageSize = 2

const listen = (handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer(handle).listen(0, "127.0.0.1", () => resolve(server))
  })

const originOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

/** Sends bytes as asked, or as a fault has it. */
const send = (
  request: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
  headers: Readonly<Record<string, string>>,
  fault: Fault | undefined
): void => {
  if (fault?.kind === "status") return void response.writeHead(fault.status, fault.headers).end("no")
  if (fault?.kind === "slow") {
    return void setTimeout(() => send(request, response, content, headers, undefined), fault.wait)
  }
  const body = fault?.kind === "bytes" ? fault.bytes : content
  const asked = fault?.kind === "whole" ? undefined : /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1]
  const from = Number(asked ?? 0)
  if (from >= body.length && asked !== undefined) {
    return void response.writeHead(416, { "content-range": `bytes */${body.length}` }).end()
  }
  const part = body.subarray(from)
  response.writeHead(asked === undefined ? 200 : 206, {
    ...headers,
    ...(fault?.kind === "etag" ? { etag: `"${fault.etag}"` } : {}),
    "content-length": String(part.length),
    ...(asked === undefined ? {} : { "content-range": `bytes ${from}-${body.length - 1}/${body.length}` })
  })
  if (request.method === "HEAD") return void response.end()
  if (fault?.kind === "cut") {
    // Time to read what was sent: whatever a client has not read when a connection breaks is lost to it.
    return void response.write(part.subarray(0, fault.after), () => setTimeout(() => response.destroy(), 100))
  }
  if (fault?.kind === "stall") return void response.write(part.subarray(0, fault.after))
  response.end(part)
}

/** Starts a Hub without repositories. */
export const startHub = async (): Promise<HubServer> => {
  const asked: Array<Asked> = []
  const commits = new Map<string, ReadonlyMap<string, Entry>>()
  const branches = new Map<string, string>()
  const faults = new Map<string, Array<Fault>>()
  const apiFaults: Array<Fault> = []
  let token: string | null = null

  const log = (host: Asked["host"], request: IncomingMessage): URL => {
    const { authorization = null, range = null } = request.headers
    const url = new URL(request.url ?? "/", "http://127.0.0.1")
    asked.push({ host, path: url.pathname, authorization, range })
    return url
  }

  /** The host of large files: every link to it is signed, and it has no business with tokens. */
  const store = await listen((request, response) => {
    const url = log("store", request)
    const entry = [...commits.values()]
      .flatMap((files) => [...files])
      .find(([, { content }]) => url.pathname === `/${sha256(content)}`)
    if (entry === undefined || url.searchParams.get("signature") !== "s3cret") return void response.writeHead(403).end()
    const [path, { content }] = entry
    send(request, response, content, { etag: '"of-the-store"' }, faults.get(path)?.shift())
  })

  const hub: Server = await listen((request, response) => {
    const url = log("hub", request)
    const refuse = (status: number, message: string) =>
      void response.writeHead(status, { "x-error-message": message }).end()
    if (token !== null && request.headers.authorization !== `Bearer ${token}`) {
      return refuse(401, `Invalid credentials in ${request.headers.authorization ?? "no header"}`)
    }
    const json = (value: unknown, headers: Readonly<Record<string, string>> = {}) =>
      send(request, response, Buffer.from(JSON.stringify(value)), headers, apiFaults.shift())

    const revision = /^\/api\/((?:datasets|models)\/.+)\/revision\/(.+)$/.exec(url.pathname)
    if (revision !== null) {
      const [, repository = "", name = ""] = revision
      const sha = branches.get(`${repository}@${decodeURIComponent(name)}`)
      return sha === undefined ? refuse(404, "Revision or repository not found") : json({ id: repository, sha })
    }
    const tree = /^\/api\/((?:datasets|models)\/.+)\/tree\/([0-9a-f]{40})$/.exec(url.pathname)
    if (tree !== null) {
      const entries = [...(commits.get(`${tree[1]}@${tree[2]}`) ?? [])]
      const from = Number(url.searchParams.get("cursor") ?? 0)
      const page = entries.slice(from, from + pageSize).map(([path, { content, isLarge }]) => ({
        type: "file",
        path,
        size: content.length,
        oid: gitSha1(isLarge ? Buffer.from("pointer") : content),
        ...(isLarge ? { lfs: { oid: sha256(content), size: content.length, pointerSize: 134 } } : {})
      }))
      const next = `${originOf(hub)}${url.pathname}?recursive=true&cursor=${from + pageSize}`
      const more = from + pageSize < entries.length ? { link: `<${next}>; rel="next"` } : {}
      return json([...(from === 0 ? [{ type: "directory", path: "data", oid: "0", size: 0 }] : []), ...page], more)
    }
    const file = /^\/(datasets\/)?(.+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname)
    if (file !== null) {
      const [, dataset, id, at = "", encoded = ""] = file
      const repository = `${dataset ?? "models/"}${id}`
      const commit = branches.get(`${repository}@${at}`) ?? at
      const path = decodeURIComponent(encoded)
      const entry = commits.get(`${repository}@${commit}`)?.get(path)
      if (entry === undefined) return refuse(404, "Entry not found")
      const { content, isLarge } = entry
      const etag = `"${isLarge ? sha256(content) : gitSha1(content)}"`
      const repo = { "x-repo-commit": commit }
      if (!isLarge) return send(request, response, content, { ...repo, etag }, faults.get(path)?.shift())
      const location = `${originOf(store)}/${sha256(content)}?signature=s3cret`
      const linked = { "x-linked-etag": etag, "x-linked-size": String(content.length), location }
      return void response.writeHead(302, { ...repo, ...linked }).end()
    }
    refuse(404, "Repository not found")
  })

  return {
    endpoint: originOf(hub),
    asked,
    commit: (repository, files, branch = "main") => {
      const entries = new Map(Object.entries(files).map(([path, file]) => [path, entryOf(file)]))
      const sha = createHash("sha1")
        .update(JSON.stringify([repository, [...entries].map(([path, { content }]) => [path, sha256(content)])]))
        .digest("hex")
      commits.set(`${repository}@${sha}`, entries)
      branches.set(`${repository}@${branch}`, sha)
      branches.set(`${repository}@${sha}`, sha)
      return sha
    },
    misbehave: (path, ...some) => void faults.set(path, [...some]),
    misbehaveApi: (...some) => void apiFaults.push(...some),
    demand: (wanted) => {
      token = wanted
    },
    close: async () => {
      for (const server of [hub, store]) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    }
  }
}
