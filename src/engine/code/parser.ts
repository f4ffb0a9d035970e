/** Source text brought to one form, and its syntax tree: types, comments, layout and quote style are gone. */
import * as Effect from "effect/Effect"
import { stripTypeScriptTypes } from "node:module"
import type { Program } from "oxc-parser"

/** A text that neither TypeScript's erasable syntax nor JavaScript allows. */
export interface SyntaxFailure {
  readonly line: number | null
  readonly problem: string
}

/** A module's text in its one form, with its tree; positions in the tree are positions in the text. */
export interface Parsed {
  readonly text: string
  readonly program: Program
}

export interface Parser {
  /** Parses text as it stands: lines in it are the author's. */
  readonly parse: (text: string) => Parsed | SyntaxFailure
  /** Brings JavaScript to its one form, then parses that. */
  readonly canonical: (text: string) => Parsed | SyntaxFailure
}

/** The line of a position, from 1. */
export const lineAt = (text: string, position: number): number => text.slice(0, position).split("\n").length

export const isSyntaxFailure = (result: string | object): result is SyntaxFailure =>
  typeof result === "object" && "problem" in result

/** Loads the native parser, at the first need of it in a process: a plan over unchanged code has none. */
export const loadParser: Effect.Effect<Parser> = Effect.map(
  Effect.promise(() => Promise.all([import("oxc-parser"), import("oxc-minify")])),
  ([{ parseSync }, { minifySync }]): Parser => {
    const parse: Parser["parse"] = (text) => {
      const { errors, program } = parseSync("module.js", text, { sourceType: "module", preserveParens: false })
      const [error] = errors
      if (error === undefined) return { text, program }
      const start = error.labels[0]?.start
      return { line: start === undefined ? null : lineAt(text, start), problem: error.message }
    }
    return {
      parse,
      canonical: (text) => {
        // Neither compressed nor mangled: only what a reader does not see as code is taken away.
        const { code, errors } = minifySync("module.js", text, {
          module: true,
          compress: false,
          mangle: false,
          codegen: { removeWhitespace: true, legalComments: "none" }
        })
        return errors.length === 0 ? parse(code) : parse(text)
      }
    }
  }
)

/** The same text with blanks in place of its types, so that every position stays where it was. */
export const withoutTypes = (text: string): string | SyntaxFailure => {
  // Node warns that the function is experimental, once and on the terminal, which is no concern of who runs a pipeline.
  const emitWarning = process.emitWarning
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(text)
  } catch (cause) {
    return { line: null, problem: cause instanceof Error ? cause.message : String(cause) }
  } finally {
    process.emitWarning = emitWarning
  }
}
