/** Digests by which servers name content: sha256, or, of a small file in a repository, the sha1 that git gives it. */
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { stat } from "node:fs/promises"

/** "64 hex digits" is sha256 of the bytes; "git:40 hex digits" is git's name of a blob. */
export type ContentDigest = string

const gitMark = "git:"

/** The digest of a blob that git names so. */
export const gitDigest = (sha1: string): ContentDigest => `${gitMark}${sha1}`

export const isGitDigest = (digest: ContentDigest): boolean => digest.startsWith(gitMark)

/** How the Hub writes the digest in an etag, and names the file in its cache. */
export const etagOf = (digest: ContentDigest): string => (isGitDigest(digest) ? digest.slice(gitMark.length) : digest)

/** The digest that an etag says, whatever quotes and marks it carries; null where it is neither sha256 nor sha1. */
export const digestOfEtag = (etag: string): ContentDigest | null => {
  const name = /^(?:W\/)?"?([0-9a-f]+)"?$/.exec(etag)?.[1]
  return name?.length === 64 ? name : name?.length === 40 ? gitDigest(name) : null
}

/** The digest of a file, of the kind that another one is of. Reads piece by piece. */
export const digestFileLike = async (path: string, like: ContentDigest): Promise<ContentDigest> => {
  const hash = createHash(isGitDigest(like) ? "sha1" : "sha256")
  if (isGitDigest(like)) hash.update(`blob ${(await stat(path)).size}\0`)
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece)
  const name = hash.digest("hex")
  return isGitDigest(like) ? gitDigest(name) : name
}
