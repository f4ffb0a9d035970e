/** A module's text, read once: its top-level declarations, what each mentions, and how its exports lead on. */
import { createHash } from "node:crypto"
import { linksOf, type Scope, type Span } from "./links.ts"
import type { Declaration, Export, ModuleAnalysis } from "./ModuleAnalysis.ts"
import { isSyntaxFailure, type Parsed, type Parser, type SyntaxFailure } from "./parser.ts"
import { boundNames, isImportMeta, literalText, type Node, propertyName, walk } from "./syntax.ts"

/** Analyses a module that has no types (any more). */
export const analyse = (parser: Parser, text: string): ModuleAnalysis | SyntaxFailure => {
  const canonical = parser.canonical(text)
  if (isSyntaxFailure(canonical)) return canonical
  const analysis = analyseParsed(canonical)
  const refuses = [...analysis.declarations, ...withEffects(analysis)].some(({ refusals }) => refusals.length > 0)
  if (!refuses) return analysis
  const written = parser.parse(text)
  return isSyntaxFailure(written) ? written : withLinesOf(analysis, analyseParsed(written))
}

/** The analysis of a text in its one form, with the lines that the author sees. */
const withLinesOf = (canonical: ModuleAnalysis, written: ModuleAnalysis): ModuleAnalysis => ({
  ...canonical,
  declarations: canonical.declarations.map((declaration, index) => ({
    ...declaration,
    refusals: written.declarations[index]?.refusals ?? declaration.refusals
  })),
  effects: canonical.effects && { ...canonical.effects, refusals: written.effects?.refusals ?? [] }
})

const withEffects = ({ effects }: ModuleAnalysis): ReadonlyArray<Declaration> => (effects === null ? [] : [effects])

/** The longest text that is kept to be shown, in characters. */
const longestShown = 200

/** A declaration before its links are known: `keyword` is the part of its text that lies outside its node. */
interface Item {
  readonly names: ReadonlyArray<string>
  readonly keyword: string
  readonly node: Node
}

const analyseParsed = ({ program, text }: Parsed): ModuleAnalysis => {
  const body: ReadonlyArray<Node> = program.body
  const items = body.flatMap(itemsOf)
  const locals = new Set(items.flatMap(({ names }) => names))
  const scope: Scope = { locals, imports: new Map(body.flatMap(importsOf)) }
  const declare = (names: ReadonlyArray<string>, keyword: string, nodes: ReadonlyArray<Node>): Declaration => {
    const { fileNames, references, refusals } = linksOf(nodes, scope, text)
    const own = references.filter((reference) => reference.kind !== "local" || !names.includes(reference.name))
    const canonical = [keyword, ...nodes.map((node) => without(text, node, fileNames))].join("\n")
    return {
      names,
      text: createHash("sha256").update(canonical).digest("hex"),
      shown: canonical.length <= longestShown ? canonical.replaceAll("\n", " ").trim() : null,
      references: own,
      refusals
    }
  }
  const effects = body.filter(isEffect)
  return {
    declarations: items.map(({ keyword, names, node }) => declare(names, keyword, [node])),
    effects: effects.length === 0 ? null : declare([], "", effects),
    effectImports: body.flatMap((node) =>
      node.type === "ImportDeclaration" && node.specifiers.length === 0 ? [node.source.value] : []
    ),
    exports: Object.fromEntries(body.flatMap((node) => exportsOf(node, scope))),
    stars: body.flatMap((node) =>
      node.type === "ExportAllDeclaration" && node.exported === null ? [node.source.value] : []
    ),
    stages: items.flatMap(({ node }, declaration) => stageNames(node).map((name) => ({ name, declaration })))
  }
}

/** The text of a node, less some spans inside it. */
const without = (text: string, node: Span, spans: ReadonlyArray<Span>): string => {
  const inside = spans.filter(({ end, start }) => start >= node.start && end <= node.end)
  const starts = [node.start, ...inside.map(({ end }) => end)]
  const ends = [...inside.map(({ start }) => start), node.end]
  return starts.map((start, index) => text.slice(start, ends[index])).join("")
}

/** What a top-level statement declares. */
const itemsOf = (node: Node): ReadonlyArray<Item> => {
  switch (node.type) {
    case "VariableDeclaration":
      return node.declarations.map((item) => ({ names: boundNames(item.id), keyword: node.kind, node: item }))
    case "FunctionDeclaration":
    case "ClassDeclaration":
      return node.id === null ? [] : [{ names: [node.id.name], keyword: "", node }]
    case "ExportNamedDeclaration":
      return node.declaration === null ? [] : itemsOf(node.declaration)
    case "ExportDefaultDeclaration": {
      const named = itemsOf(node.declaration)
      return named.length > 0 ? named : [{ names: ["default"], keyword: "default", node: node.declaration }]
    }
    default:
      return []
  }
}

/** Whether a top-level statement neither declares nor links: it is there for what it does. */
const isEffect = (node: Node): boolean =>
  node.type !== "ImportDeclaration" &&
  node.type !== "ExportAllDeclaration" &&
  node.type !== "ExportNamedDeclaration" &&
  node.type !== "EmptyStatement" &&
  itemsOf(node).length === 0

const importsOf = (node: Node): ReadonlyArray<[string, { readonly from: string; readonly name: string }]> => {
  if (node.type !== "ImportDeclaration") return []
  return node.specifiers.map((specifier) => {
    const from = node.source.value
    switch (specifier.type) {
      case "ImportDefaultSpecifier":
        return [specifier.local.name, { from, name: "default" }]
      case "ImportNamespaceSpecifier":
        return [specifier.local.name, { from, name: "*" }]
      case "ImportSpecifier":
        return [specifier.local.name, { from, name: nameOf(specifier.imported) }]
    }
  })
}

/** A name in an import or export list, which may be written as a string. */
const nameOf = (node: Node): string => (node.type === "Identifier" ? node.name : (literalText(node) ?? ""))

const exportsOf = (node: Node, scope: Scope): ReadonlyArray<[string, Export]> => {
  switch (node.type) {
    case "ExportAllDeclaration":
      return node.exported === null
        ? []
        : [[nameOf(node.exported), { kind: "from", from: node.source.value, name: "*" }]]
    case "ExportDefaultDeclaration":
      return itemsOf(node).flatMap(({ names }) =>
        names.map((name): [string, Export] => ["default", { kind: "local", name }])
      )
    case "ExportNamedDeclaration": {
      const declared = node.declaration === null ? [] : itemsOf(node.declaration).flatMap(({ names }) => names)
      const from = node.source?.value
      return [
        ...declared.map((name): [string, Export] => [name, { kind: "local", name }]),
        ...node.specifiers.map((specifier): [string, Export] => {
          const name = nameOf(specifier.local)
          if (from !== undefined) return [nameOf(specifier.exported), { kind: "from", from, name }]
          const imported = scope.imports.get(name)
          return [nameOf(specifier.exported), imported ? { kind: "from", ...imported } : { kind: "local", name }]
        })
      ]
    }
    default:
      return []
  }
}

/** The names of the stages in a declaration: calls with a record whose `module` is `import.meta.url`. */
const stageNames = (root: Node): ReadonlyArray<string> => {
  const names: Array<string> = []
  walk(root, (node) => {
    const definition = node.type === "CallExpression" ? node.arguments[0] : undefined
    if (definition?.type !== "ObjectExpression") return true
    const property = (name: string): Node | undefined =>
      definition.properties.flatMap((item): ReadonlyArray<Node> =>
        item.type === "Property" && propertyName(item) === name ? [item.value] : []
      )[0]
    const name = literalText(property("name"))
    if (name !== null && isImportMeta(property("module"), "url")) names.push(name)
    return true
  })
  return names
}
