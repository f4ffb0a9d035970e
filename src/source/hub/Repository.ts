/** A repository on the Hub as its programs name it: in URLs, in the cache, and to people. */
import * as Effect from "effect/Effect"
import type { HubFiles } from "../../pipeline/Artifact.ts"
import { UnsafeName } from "../Errors.ts"
import { isSafeName } from "../names.ts"

/** A repository at a revision. */
export type Revision = Pick<HubFiles, "repository" | "id" | "revision">

/** A repository at a commit. */
export type Commit = Pick<HubFiles, "repository" | "id"> & { readonly commit: string }

/** Whether a revision is a commit, which never moves. */
export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision)

/** "dataset owner/name at main". */
export const revisionName = ({ id, repository, revision }: Revision): string => `${repository} ${id} at ${revision}`

const encodePath = (file: string): string => file.split("/").map(encodeURIComponent).join("/")

/** Path below the endpoint of what the Hub tells about a repository. */
export const apiPath = ({ id, repository }: Pick<HubFiles, "repository" | "id">): string => `/api/${repository}s/${id}`

/** Path below the endpoint of a file. */
export const filePath = ({ commit, id, repository }: Commit, file: string): string =>
  `/${repository === "dataset" ? "datasets/" : ""}${id}/resolve/${commit}/${encodePath(file)}`

/** Fails on an id or a revision that is no name, for both become paths. */
export const checkRevision = ({ id, revision }: Revision): Effect.Effect<void, UnsafeName> => {
  const isId = /^[\w.-]+(\/[\w.-]+)?$/.test(id) && !id.includes("..") && !id.includes("--")
  if (!isId) return Effect.fail(new UnsafeName({ where: "A repository", name: id }))
  return isSafeName(revision) && /^[\w./-]+$/.test(revision)
    ? Effect.void
    : Effect.fail(new UnsafeName({ where: `The revision of ${id}`, name: revision }))
}
