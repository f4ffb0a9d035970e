/** Where a verb's words go: lines for people or JSON objects for programs, on standard output; trouble on standard error. */
import * as Effect from "effect/Effect"

export interface Output {
  /** Whether standard output carries one JSON object a line. */
  readonly json: boolean
  /** A line for people; nothing when output is JSON. */
  readonly line: (text: string) => Effect.Effect<void>
  /** An object for programs; nothing when output is for people. */
  readonly object: (value: { readonly [key: string]: unknown }) => Effect.Effect<void>
  /** Many at once, in one write. */
  readonly lines: (texts: ReadonlyArray<string>) => Effect.Effect<void>
  readonly objects: (values: ReadonlyArray<{ readonly [key: string]: unknown }>) => Effect.Effect<void>
  readonly trouble: (text: string) => Effect.Effect<void>
}

/** Output to the process's streams. */
export const output = (json: boolean): Output => {
  const write = (stream: NodeJS.WriteStream, text: string) => Effect.sync(() => void stream.write(`${text}\n`))
  const writeAll = (texts: ReadonlyArray<string>) =>
    texts.length === 0 ? Effect.void : write(process.stdout, texts.join("\n"))
  return {
    json,
    line: (text) => (json ? Effect.void : write(process.stdout, text)),
    object: (value) => (json ? write(process.stdout, JSON.stringify(value)) : Effect.void),
    lines: (texts) => (json ? Effect.void : writeAll(texts)),
    objects: (values) => (json ? writeAll(values.map((value) => JSON.stringify(value))) : Effect.void),
    trouble: (text) => write(process.stderr, text)
  }
}
