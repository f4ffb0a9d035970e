/** What people call data and models that come from outside the store. */
import type { Source } from "../engine/Recipe.ts"

/** A pattern of files, a repository at its revision, or a URL. */
export const outsideName = ({ files }: Extract<Source, { readonly kind: "external" }>): string => {
  switch (files.kind) {
    case "external":
      return files.patterns
        .map((pattern) => `${files.folder}/${pattern}`)
        .join(", ")
        .replace(/^\.\//, "")
    case "hub":
      return `${files.id}@${files.revision}: ${files.patterns
        .flatMap((choice) => (typeof choice === "string" ? [choice] : choice.firstOf))
        .join(", ")}`
    case "http":
      return files.url
  }
}
