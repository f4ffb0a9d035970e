/** The declarations that a stage's declaration reaches, through imports and re-exports, with the links between them. */
import * as Effect from "effect/Effect"
import { dirname } from "node:path"
import { CodeFailure } from "./Errors.ts"
import type { Declaration, Reference } from "./ModuleAnalysis.ts"
import { isCode, type Module, readModule } from "./modules.ts"
import { besides, resolve, shortPath } from "./resolve.ts"
import type { View } from "./View.ts"

/** What a link ends at: a declaration, or a name outside the code that is read. */
export type Target =
  | { readonly kind: "declaration"; readonly node: ReachedDeclaration }
  | { readonly kind: "outside"; readonly name: string; readonly package: string }

export interface ReachedDeclaration {
  readonly module: Module
  readonly declaration: Declaration
  /** How people call it. */
  readonly name: string
  /** What its text mentions, by how the text says it. */
  readonly links: Map<string, Target>
}

export interface Reach {
  readonly root: ReachedDeclaration
  readonly nodes: ReadonlyArray<ReachedDeclaration>
  /** "name@version" of packages, "node:fs" of Node's modules. */
  readonly packages: ReadonlySet<string>
  readonly modules: ReadonlyArray<Module>
}

/** An export to find, and the one property of it that matters if it is a namespace. */
interface Wanted {
  readonly from: string
  readonly name: string
  readonly member: string | null
}

/** Where a specifier leads, read: a module, or the package in which reading ends. */
type Destination = { readonly module: Module } | { readonly package: string }

type Step<A> = Effect.Effect<A, CodeFailure>

/** Follows everything from one declaration of a module. Code on the way that cannot be followed is an error. */
export const reach = (view: View, module: Module, position: number): Step<Reach> =>
  Effect.gen(function* () {
    const nodes = new Map<string, ReachedDeclaration>()
    const modules = new Set<Module>()
    const packages = new Set<string>()
    const destinations = new Map<string, Destination>()
    const pending: Array<ReachedDeclaration> = []

    const visit = (module: Module, declaration: Declaration, key: string): ReachedDeclaration => {
      const before = nodes.get(`${module.path}\n${key}`)
      if (before !== undefined) return before
      const name = declaration.names.join(", ") || "(statements)"
      const node: ReachedDeclaration = { module, declaration, name, links: new Map() }
      nodes.set(`${module.path}\n${key}`, node)
      pending.push(node)
      return node
    }

    /** A module that is reached is loaded, so what it does on being loaded counts. */
    const load = (module: Module): Step<void> =>
      Effect.gen(function* () {
        if (modules.has(module)) return
        modules.add(module)
        if (module.analysis.effects !== null) visit(module, module.analysis.effects, "(statements)")
        for (const from of module.analysis.effectImports) {
          const destination = yield* destinationOf(module, from)
          if ("module" in destination) yield* load(destination.module)
          else packages.add(destination.package)
        }
      })

    const destinationOf = (importer: Module, specifier: string): Step<Destination> => {
      const key = `${dirname(importer.path)}\n${specifier}`
      const before = destinations.get(key)
      if (before !== undefined) return Effect.succeed(before)
      return Effect.map(arrive(importer, specifier), (destination) => {
        destinations.set(key, destination)
        return destination
      })
    }

    const arrive = (importer: Module, specifier: string): Step<Destination> => {
      const resolution = resolve(view, specifier, importer.path)
      switch (resolution.kind) {
        case "failure":
          return Effect.fail(lost(view, importer, `the import of "${specifier}" leads nowhere: ${resolution.problem}`))
        case "file":
          return Effect.map(readModule(view, resolution.path), (module) => ({ module }))
        case "package":
          return Effect.succeed({ package: resolution.package })
        case "node":
          return Effect.succeed({ package: resolution.module })
      }
    }

    const local = (module: Module, name: string): Target | null => {
      const index = module.analysis.declarations.findIndex(({ names }) => names.includes(name))
      const declaration = module.analysis.declarations[index]
      return declaration === undefined ? null : { kind: "declaration", node: visit(module, declaration, `${index}`) }
    }

    /** The targets of an export of another module, by suffix of the label: "" for one, ".name" for each of many. */
    const follow = (importer: Module, wanted: Wanted, seen: ReadonlySet<string>): Step<Map<string, Target>> =>
      Effect.gen(function* () {
        const destination = yield* destinationOf(importer, wanted.from)
        if ("module" in destination) return yield* find(destination.module, wanted, seen)
        packages.add(destination.package)
        const name = [wanted.from, wanted.name, ...(wanted.member === null ? [] : [wanted.member])].join("#")
        return new Map([["", { kind: "outside", name, package: destination.package }]])
      })

    /** The same, in the module itself; empty where it has no such export. */
    const find = (module: Module, wanted: Wanted, seen: ReadonlySet<string>): Step<Map<string, Target>> =>
      Effect.gen(function* () {
        if (wanted.name === "*" && wanted.member !== null) {
          return yield* find(module, { ...wanted, name: wanted.member, member: null }, seen)
        }
        const place = `${module.path}\n${wanted.name}`
        if (seen.has(place)) return new Map()
        const path = new Set([...seen, place])
        yield* load(module)
        if (wanted.name === "*") return yield* findAll(module, path)
        const { exports, stars } = module.analysis
        const found = Object.hasOwn(exports, wanted.name) ? exports[wanted.name] : undefined
        if (found?.kind === "from") {
          return yield* follow(module, { ...found, member: wanted.member }, path)
        }
        if (found !== undefined) {
          const target = local(module, found.name)
          return target === null ? new Map() : new Map([["", target]])
        }
        if (wanted.name === "default") return new Map()
        // A package that is exported again as a whole may hold the name: it is asked last.
        const outside = new Map<string, Target>()
        for (const from of stars) {
          const targets = yield* follow(module, { ...wanted, from }, path)
          if ([...targets.values()].some(({ kind }) => kind === "declaration")) return targets
          for (const [suffix, target] of targets) outside.set(suffix, target)
        }
        return outside
      })

    const findAll = (module: Module, seen: ReadonlySet<string>): Step<Map<string, Target>> =>
      Effect.gen(function* () {
        const all = new Map<string, Target>()
        for (const from of module.analysis.stars) {
          for (const [suffix, target] of yield* follow(module, { from, name: "*", member: null }, seen)) {
            if (suffix !== ".default") all.set(suffix === "" ? `.${from}` : suffix, target)
          }
        }
        for (const name of Object.keys(module.analysis.exports)) {
          const targets = yield* find(module, { from: "", name, member: null }, seen)
          for (const [suffix, target] of targets) all.set(`.${name}${suffix}`, target)
        }
        return all
      })

    const link = (node: ReachedDeclaration, reference: Reference): Step<void> =>
      Effect.gen(function* () {
        const { links, module } = node
        switch (reference.kind) {
          case "local": {
            const target = local(module, reference.name)
            if (target !== null) links.set(reference.name, target)
            return
          }
          case "export": {
            const targets = yield* follow(module, reference, new Set())
            for (const [suffix, target] of targets) links.set(`${reference.label}${suffix}`, target)
            // A property that a namespace does not have may come to be there.
            if (targets.size === 0) links.set(reference.label, nothing)
            return
          }
          case "file": {
            const paths = reference.paths.flatMap((path) => besides(view, path, module.path) ?? [])
            if (paths.length === 0) {
              return yield* lost(view, module, `there is no file ${reference.paths.join(" or ")} beside it`)
            }
            for (const path of paths) {
              const wanted: Wanted = { from: "", name: isCode(path) ? "*" : "default", member: null }
              const all = yield* find(yield* readModule(view, path), wanted, new Set())
              for (const [suffix, target] of all) links.set(`${reference.label}${suffix}`, target)
            }
          }
        }
      })

    const declaration = module.analysis.declarations[position]
    if (declaration === undefined) return yield* Effect.die(`internal: ${module.path} has no declaration ${position}`)
    yield* load(module)
    const root = visit(module, declaration, `${position}`)
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      const [refusal] = node.declaration.refusals
      if (refusal !== undefined) {
        return yield* new CodeFailure({ module: shortPath(view, node.module.path), ...refusal })
      }
      for (const reference of node.declaration.references) yield* link(node, reference)
    }
    return { root, nodes: [...nodes.values()], packages, modules: [...modules] }
  })

const nothing: Target = { kind: "outside", name: "nothing", package: "" }

const lost = (view: View, module: Module, found: string): CodeFailure =>
  new CodeFailure({
    module: shortPath(view, module.path),
    line: null,
    found,
    remedy: "Correct the name, or install what is missing."
  })
