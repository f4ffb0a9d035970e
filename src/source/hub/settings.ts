/** What the environment says about the Hub: where it is, where its cache lies, who asks, and whether to ask at all. */
import * as Redacted from "effect/Redacted"
import { readFileSync } from "node:fs"
import { homedir } from "node:os"
import * as path from "node:path"
import type { Credentials } from "../http/request.ts"

export type Environment = { readonly [name: string]: string | undefined }

export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string
  /** Folder of the cache that all programs of this user share. */
  readonly cache: string
  readonly offline: boolean
  /** The token, read when it is asked for; null where there is none. */
  readonly credentials: () => Credentials | null
}

const isTrue = (value: string | undefined): boolean => /^(1|on|yes|true)$/i.test(value ?? "")

const atHome = (place: string): string => place.replace(/^~(?=\/|$)/, homedir())

const readToken = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return undefined
  }
}

/** The settings under the names and with the defaults that Hugging Face's own library has. */
export const hubSettings = (environment: Environment): HubSettings => {
  const endpoint = (environment.HF_ENDPOINT ?? "https://huggingface.co").replace(/\/+$/, "")
  const home = atHome(environment.HF_HOME ?? path.join(environment.XDG_CACHE_HOME ?? "~/.cache", "huggingface"))
  const tokenFile = atHome(environment.HF_TOKEN_PATH ?? path.join(home, "token"))
  return {
    endpoint,
    cache: path.resolve(
      atHome(environment.HF_HUB_CACHE ?? environment.HUGGINGFACE_HUB_CACHE ?? path.join(home, "hub"))
    ),
    offline: isTrue(environment.HF_HUB_OFFLINE) || isTrue(environment.TRANSFORMERS_OFFLINE),
    credentials: () => {
      if (isTrue(environment.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return null
      const token = (environment.HF_TOKEN ?? environment.HUGGING_FACE_HUB_TOKEN ?? readToken(tokenFile) ?? "").trim()
      return token === "" ? null : { origin: new URL(endpoint).origin, token: Redacted.make(token) }
    }
  }
}
