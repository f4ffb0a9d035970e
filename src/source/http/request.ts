/** One question to a server: redirects followed by hand, so that a token goes to the host it is for and to no other. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { DiskRefused, RequestFailed, SourceChanged } from "../Errors.ts"

/** A token and the one origin that may see it. */
export interface Credentials {
  readonly origin: string
  readonly token: Redacted.Redacted<string>
}

export interface Request {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly credentials: Credentials | null
}

/** How long to wait for a server, and how often to ask it again. */
export interface Patience {
  /** Times that nothing came before the request fails. */
  readonly tries: number
  /** Milliseconds before the second try; each further wait is twice as long. */
  readonly firstDelay: number
  readonly longestDelay: number
  /** Milliseconds that a server may ask to wait; who asks for more is not waited for. */
  readonly longestWait: number
  /** Milliseconds without a byte after which a connection counts as dead. */
  readonly silence: number
}

export const patience: Patience = {
  tries: 6,
  firstDelay: 1_000,
  longestDelay: 60_000,
  longestWait: 600_000,
  silence: 60_000
}

export interface Answer {
  readonly response: Response
  /** Headers of the first answer: what the asked server itself says, before it sends elsewhere. */
  readonly first: Headers
  /** Says that the connection lives. */
  readonly alive: () => void
}

const mostRedirects = 10
const redirects = new Set([301, 302, 303, 307, 308])
const passing = new Set([408, 425, 429, 500, 502, 503, 504])

/** A URL as people may see it: signed ones carry secrets in their query. */
export const shownUrl = (url: string): string => {
  const { host, pathname, protocol } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

/** Milliseconds that `Retry-After` asks for: seconds, or a date. 0 where it says nothing. */
const retryAfter = (headers: Headers): number => {
  const text = headers.get("retry-after")
  if (text === null) return 0
  const wait = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now()
  return Number.isFinite(wait) ? Math.max(0, wait) : 0
}

const headersFor = ({ credentials, headers }: Request, url: URL): Record<string, string> => ({
  // Bytes as they lie on the server: sizes and ranges are of those.
  "accept-encoding": "identity",
  "user-agent": "tanren",
  ...headers,
  ...(credentials?.origin === url.origin ? { authorization: `Bearer ${Redacted.value(credentials.token)}` } : {})
})

const follow = async (request: Request, signal: AbortSignal): Promise<Omit<Answer, "alive">> => {
  let url = new URL(request.url)
  let first: Headers | null = null
  for (let hops = 0; hops <= mostRedirects; hops++) {
    const response = await fetch(url, { headers: headersFor(request, url), redirect: "manual", signal })
    first ??= response.headers
    const location = response.headers.get("location")
    if (!redirects.has(response.status) || location === null) return { response, first }
    await response.body?.cancel()
    url = new URL(location, url)
  }
  const reason = `it redirects more than ${mostRedirects} times`
  throw new RequestFailed({ url: shownUrl(request.url), status: null, reason, again: null })
}

/** What the server says of its refusal, without the token, should it repeat that. */
const refusal = ({ credentials, url }: Request, { first, response }: Omit<Answer, "alive">): RequestFailed => {
  const said = first.get("x-error-message") ?? (response.statusText || "no reason given")
  const reason = credentials === null ? said : said.replaceAll(Redacted.value(credentials.token), "[token]")
  const again = passing.has(response.status) ? retryAfter(response.headers) : null
  return new RequestFailed({ url: shownUrl(url), status: response.status, reason, again })
}

/** Errors of connections hide their cause one or two levels down. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message} (${reasonOf(error.cause)})` : error.message
}

/**
 * Asks once and lets `use` read the answer; a status that is neither success nor in `accepted` is a failure. Whatever breaks the
 * connection, silence included, fails as something that may be tried again.
 */
export const ask = <A>(
  request: Request,
  silence: number,
  use: (answer: Answer) => Promise<A>,
  accepted: ReadonlyArray<number> = []
): Effect.Effect<A, RequestFailed | SourceChanged | DiskRefused> =>
  Effect.tryPromise({
    try: async (interrupted) => {
      const dead = new AbortController()
      const timer = setTimeout(() => dead.abort(new Error(`not a byte in ${silence / 1_000} seconds`)), silence)
      try {
        const answer = await follow(request, AbortSignal.any([interrupted, dead.signal]))
        if (!answer.response.ok && !accepted.includes(answer.response.status)) {
          await answer.response.body?.cancel()
          throw refusal(request, answer)
        }
        return await use({ ...answer, alive: () => timer.refresh() })
      } finally {
        clearTimeout(timer)
      }
    },
    catch: (error) =>
      error instanceof RequestFailed || error instanceof SourceChanged || error instanceof DiskRefused
        ? error
        : new RequestFailed({ url: shownUrl(request.url), status: null, reason: reasonOf(error), again: 0 })
  })

/**
 * Tries again after what passes: twice as long a wait each time, or as long as the server asks. Tries that brought something
 * on, as `progress` counts it, do not count.
 */
export const persist = <A, E, R>(
  attempt: Effect.Effect<A, E | RequestFailed, R>,
  { firstDelay, longestDelay, longestWait, tries }: Patience,
  progress: () => number = () => 0
): Effect.Effect<A, E | RequestFailed, R> =>
  Effect.gen(function* () {
    let before = progress()
    for (let fruitless = 1; ; fruitless++) {
      const tried = yield* Effect.result(attempt)
      if (tried._tag === "Success") return tried.success
      const { failure } = tried
      if (!(failure instanceof RequestFailed) || failure.again === null) return yield* Effect.fail(failure)
      if (progress() > before) fruitless = 1
      before = progress()
      if (fruitless >= tries || failure.again > longestWait) return yield* Effect.fail(failure)
      yield* Effect.sleep(Math.max(failure.again, Math.min(firstDelay * 2 ** (fruitless - 1), longestDelay)))
    }
  })
