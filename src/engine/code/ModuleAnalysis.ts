/** What one module's text says of its declarations and links: enough to fingerprint code without parsing it again. */

/** Part of every cache key: raise it when the same code would be analysed, judged or fingerprinted otherwise. */
export const analysisVersion = 3

/** A link from a declaration to other code. */
export type Reference =
  /** A top-level declaration of the same module. */
  | { readonly kind: "local"; readonly name: string }
  /**
   * An export of another module; `name` "*" stands for all of them. `label` is how the declaration's text says it,
   * `member` the one property that is read of it (which matters where the export turns out to be a namespace).
   */
  | {
      readonly kind: "export"
      readonly label: string
      readonly from: string
      readonly name: string
      readonly member: string | null
    }
  /** Whole files: the alternatives of a URL relative to the module, of which one or more exist. */
  | { readonly kind: "file"; readonly label: string; readonly paths: ReadonlyArray<string> }

/** A construct that cannot be followed by reading; it matters only where its declaration is reached. */
export interface Refusal {
  readonly line: number
  readonly found: string
  readonly remedy: string
}

export interface Declaration {
  /** What it declares; a destructuring declares several names, a default export without a name "default". */
  readonly names: ReadonlyArray<string>
  /** sha256 in hex of its canonical text, in which names of files are blank. */
  readonly text: string
  /** The canonical text itself where it is short enough to show to a person, else null. */
  readonly shown: string | null
  readonly references: ReadonlyArray<Reference>
  readonly refusals: ReadonlyArray<Refusal>
}

/** What an export stands for: a declaration of the module, or an export ("*": all exports) of another. */
export type Export =
  | { readonly kind: "local"; readonly name: string }
  | { readonly kind: "from"; readonly from: string; readonly name: string }

export interface ModuleAnalysis {
  readonly declarations: ReadonlyArray<Declaration>
  /** Statements that run when the module is loaded, as one nameless declaration; null where there are none. */
  readonly effects: Declaration | null
  /** Modules imported for their effects alone. */
  readonly effectImports: ReadonlyArray<string>
  readonly exports: { readonly [name: string]: Export }
  /** Modules of which every export but the default is exported again. */
  readonly stars: ReadonlyArray<string>
  /** Stages that the module declares, and the position of each one's declaration. */
  readonly stages: ReadonlyArray<{ readonly name: string; readonly declaration: number }>
}
