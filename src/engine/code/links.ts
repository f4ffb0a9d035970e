/** What a piece of code links to: names, modules loaded on demand, files beside it; and what cannot be followed. */
import type { Reference, Refusal } from "./ModuleAnalysis.ts"
import { lineAt } from "./parser.ts"
import { isImportMeta, isMember, literalText, type Node, propertyName, walk } from "./syntax.ts"

/** The top-level names of a module: those that it declares, and what its imports stand for ("*": all exports). */
export interface Scope {
  readonly locals: ReadonlySet<string>
  readonly imports: ReadonlyMap<string, { readonly from: string; readonly name: string }>
}

/** A range of a module's text. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface Links {
  readonly references: ReadonlyArray<Reference>
  readonly refusals: ReadonlyArray<Refusal>
  /** Where the names of files stand, which say where code lies, not what it does. */
  readonly fileNames: ReadonlyArray<Span>
}

const byName = "Write the name out as a string, so that the code behind it can be read."
const asModule = "Move the code into a module and import it."

/**
 * The links of some nodes of one module. Names are matched without regard to shadowing: a local variable that is called
 * like a top-level one counts as a mention of it, which can make code rerun but never lets a change go unseen.
 */
export const linksOf = (nodes: ReadonlyArray<Node>, scope: Scope, text: string): Links => {
  const references = new Map<string, Reference>()
  const refusals: Array<Refusal> = []
  const fileNames: Array<Span> = []
  const membersOf = new Map<Node, ReadonlyArray<string>>()
  const boundToRequire = new Set<Node>()
  let loads = 0

  const refer = (reference: Reference) => references.set(JSON.stringify(reference), reference)
  const refuse = (node: Node, found: string, remedy: string) =>
    refusals.push({ line: lineAt(text, node.start), found, remedy })

  const mention = (node: Node, name: string, member: string | null) => {
    const imported = scope.imports.get(name)
    if (imported !== undefined) {
      const { from } = imported
      const label = member === null ? name : `${name}.${member}`
      if (imported.name === "*" && member !== null) refer({ kind: "export", label, from, name: member, member: null })
      else refer({ kind: "export", label, from, name: imported.name, member })
    } else if (scope.locals.has(name)) refer({ kind: "local", name })
    else if (name === "eval") refuse(node, "eval, whose code is not in the file", asModule)
  }

  const load = (node: Node, how: string, source: Node | undefined, members: ReadonlyArray<string>) => {
    const from = literalText(source)
    if (source === undefined || from === null) return refuse(node, `${how} of a computed name`, byName)
    if (isPlace(from)) fileNames.push(source)
    const label = `load ${++loads}`
    if (members.length === 0) refer({ kind: "export", label, from, name: "*", member: null })
    for (const name of members) refer({ kind: "export", label: `${label}.${name}`, from, name, member: null })
  }

  const locate = (node: Node, how: string, target: Node | undefined) => {
    const alternatives = target === undefined ? null : literals(target)
    if (alternatives === null) return refuse(node, `${how} of a computed path beside the module`, byName)
    const beside = alternatives.filter(([path]) => !URL.canParse(path))
    if (beside.length === 0) return
    fileNames.push(...beside.map(([, literal]) => literal))
    refer({ kind: "file", label: `load ${++loads}`, paths: beside.map(([path]) => path) })
  }

  const enter = (node: Node): boolean => {
    switch (node.type) {
      case "Identifier":
        mention(node, node.name, null)
        return true
      case "MemberExpression": {
        const loaded = node.object.type === "ImportExpression" ? null : lazyImport(node.object)
        const member = node.computed ? literalText(node.property) : memberName(node.property)
        if (loaded !== null && member !== null) membersOf.set(loaded, [member])
        if (isMember(node, "globalThis", "eval") || isMember(node, "globalThis", "Function")) {
          refuse(node, `${text.slice(node.start, node.end)}, whose code is not in the file`, asModule)
        }
        if (node.object.type !== "Identifier" || member === null) return true
        mention(node, node.object.name, member)
        return false
      }
      case "VariableDeclarator": {
        const loaded = lazyImport(node.init)
        const members = loaded === null ? null : destructured(node.id)
        if (loaded !== null && members !== null) membersOf.set(loaded, members)
        if (node.init !== null && isName(node.id, "require")) boundToRequire.add(node.init)
        return true
      }
      case "ImportExpression":
        load(node, "import()", node.source, membersOf.get(node) ?? [])
        return true
      case "NewExpression":
        if (isName(node.callee, "Function")) refuse(node, "new Function, whose code is not in the file", asModule)
        if (isName(node.callee, "URL") && isImportMeta(node.arguments[1], "url")) {
          locate(node, "new URL", node.arguments[0])
        }
        return true
      case "CallExpression": {
        const [argument] = node.arguments
        if (node.callee.type === "MemberExpression" && memberName(node.callee.property) === "then") {
          const loaded = lazyImport(node.callee.object)
          const members = loaded === null ? null : destructuredParameter(argument)
          if (loaded !== null && members !== null) membersOf.set(loaded, members)
        }
        if (isName(node.callee, "Function")) refuse(node, "Function(), whose code is not in the file", asModule)
        if (isName(node.callee, "require") || isMember(node.callee, "require", "resolve")) {
          load(node, "require", argument, [])
        }
        if (isImportMeta(node.callee, "resolve")) load(node, "import.meta.resolve", argument, [])
        if (isName(node.callee, "createRequire") && !boundToRequire.has(node)) {
          refuse(node, "createRequire under a name of its own", `Call its result "require": its uses are found by it.`)
        }
        return true
      }
      default:
        return true
    }
  }
  for (const node of nodes) walk(node, enter)
  return { references: [...references.values()], refusals, fileNames }
}

/** Whether a specifier names a place rather than a package. */
export const isPlace = (specifier: string): boolean => /^(\.{1,2}\/|\/|file:)/.test(specifier)

const isName = (node: Node, name: string): boolean => node.type === "Identifier" && node.name === name

const memberName = (node: Node): string | null => (node.type === "Identifier" ? node.name : null)

/** The import that an expression waits for: of `await import(…)`, or `yield* Effect.promise(() => import(…))`. */
const lazyImport = (node: Node | null): Node | null => {
  switch (node?.type) {
    case "ImportExpression":
      return node
    case "AwaitExpression":
    case "YieldExpression":
      return lazyImport(node.argument)
    case "CallExpression": {
      const [thunk] = node.arguments
      const waits = isMember(node.callee, "Effect", "promise") && thunk?.type === "ArrowFunctionExpression"
      return waits && thunk.expression ? lazyImport(thunk.body) : null
    }
    default:
      return null
  }
}

/** The properties that an object pattern takes; null where it may take any. */
const destructured = (pattern: Node): ReadonlyArray<string> | null => {
  if (pattern.type !== "ObjectPattern") return null
  const names = pattern.properties.map((property) => (property.type === "RestElement" ? null : propertyName(property)))
  return names.every((name) => name !== null) ? names : null
}

const destructuredParameter = (callback: Node | undefined): ReadonlyArray<string> | null => {
  if (callback?.type !== "ArrowFunctionExpression" && callback?.type !== "FunctionExpression") return null
  const [parameter] = callback.params
  return parameter === undefined ? null : destructured(parameter)
}

/** The strings that an expression can be: a literal, or a choice between literals. */
const literals = (node: Node): ReadonlyArray<readonly [string, Node]> | null => {
  if (node.type === "ConditionalExpression") {
    const branches = [literals(node.consequent), literals(node.alternate)]
    return branches.every((branch) => branch !== null) ? branches.flat() : null
  }
  const text = literalText(node)
  return text === null ? null : [[text, node]]
}
