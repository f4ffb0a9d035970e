/** What a closed function may take from its surroundings: the parts of ECMAScript that give the same everywhere. */
import { isMember, type Node } from "./syntax.ts"
import type { Mention } from "./freeNames.ts"

/** Globals of which every use is pure. */
const pure: ReadonlySet<string> = new Set([
  "undefined",
  "NaN",
  "Infinity",
  "Array",
  "ArrayBuffer",
  "BigInt",
  "Boolean",
  "DataView",
  "JSON",
  "Map",
  "Number",
  "Object",
  "Promise",
  "Proxy",
  "Reflect",
  "RegExp",
  "Set",
  "String",
  "Symbol",
  "WeakMap",
  "WeakSet",
  "Iterator",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "Error",
  "AggregateError",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
  "decodeURI",
  "decodeURIComponent",
  "encodeURI",
  "encodeURIComponent",
  "isFinite",
  "isNaN",
  "parseFloat",
  "parseInt",
  "structuredClone",
  "TextDecoder",
  "TextEncoder"
])

/** Globals whose value differs between runs or machines, and what to do instead. */
const ambient: Readonly<Record<string, string>> = {
  process: "the process it runs in",
  globalThis: "everything around it",
  fetch: "the network",
  performance: "the clock",
  crypto: "chance",
  console: "the terminal",
  setTimeout: "the clock",
  setInterval: "the clock",
  setImmediate: "the clock",
  queueMicrotask: "the order of other work",
  Intl: "the machine's language",
  eval: "code that is not in it",
  Function: "code that is not in it",
  require: "modules that are not in it",
  Temporal: "the clock"
}

/** Methods that follow the language or the time zone of the machine. */
const localMethods =
  /^(toLocale\w+|localeCompare|getTimezoneOffset|get(FullYear|Month|Date|Day|Hours|Minutes)|to(Date|Time)String)$/

/** What is wrong with a free mention; null where it is pure. */
export const problemOf = ({ name, parent }: Mention): string | null => {
  if (pure.has(name)) return null
  switch (name) {
    case "Math":
      if (isMember(parent, "Math", "random")) return "It uses Math.random: take a seed from the config instead."
      return parent.type === "MemberExpression" && !parent.computed
        ? null
        : "It uses Math as a whole, chance included: write each function of it out."
    case "Date":
      if (parent.type === "NewExpression" && parent.arguments.length > 0) return null
      return isMember(parent, "Date", "UTC")
        ? null
        : "It uses the clock through Date: pass the time through the config."
    default: {
      const source = Object.hasOwn(ambient, name) ? ambient[name] : undefined
      return source === undefined
        ? `It mentions "${name}", which it does not declare: pass it through the config.`
        : `It uses "${name}" and so depends on ${source}: pass what it needs through the config.`
    }
  }
}

/** What is wrong with a node by itself; null where nothing is. */
export const problemWith = (node: Node): string | null => {
  switch (node.type) {
    case "ThisExpression":
    case "Super":
      return `It uses ${node.type === "Super" ? "super" : "this"}, which is decided where it is called: use parameters.`
    case "ImportExpression":
    case "MetaProperty":
      return "It imports, or asks which module it is in: pass what it needs through the config."
    case "MemberExpression":
      return !node.computed && node.property.type === "Identifier" && localMethods.test(node.property.name)
        ? `It calls ${node.property.name}, which follows the machine's language or time zone: use one that does not.`
        : null
    default:
      return null
  }
}
