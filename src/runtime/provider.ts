/** What each execution provider needs, how its sessions are set up, and which of that decides the bits of a result. */
import * as Arr from "effect/Array"
import { statSync } from "node:fs"
import { createRequire } from "node:module"
import { availableParallelism } from "node:os"
import { dirname, join } from "node:path"
import type { ComputeIdentity, ExecutionProvider, Program, Weights } from "./OnnxRuntime.ts"
import { isAlike } from "./products.ts"
import type { SessionOptions } from "./protocol.ts"

const packageFile = "onnxruntime-node/package.json"

/** The version of the runtime in the package, read without loading its library. */
const runtimeVersion = (): string => {
  const { version }: { readonly version: string } = createRequire(import.meta.url)(packageFile)
  return version
}

/**
 * Threads within one operator, on every machine alike: results are those of so many. A product is shared out among all
 * threads of the session, whether or not there are cores for them, and how it is decides bits of some.
 */
export const defaultThreads = 8

/** How a program's weights reach a session, how many bytes its weight files have, and what it multiplies. */
export interface Burden extends Pick<Program, "products"> {
  readonly weights: Weights
  readonly bytes: number
}

/**
 * Below so many bytes of weights, 16 MiB, products are so short that eight threads on two cores spend as long waking and
 * awaiting each other as on computing. The files decide, and not the machine, since the number decides bits.
 */
const fewBytes = 16 * 2 ** 20
const mostForFewBytes = 2

/**
 * Whether any number of threads up to `most` gives the same bits: products with packed weights sum in the same steps
 * however many share them, others if they are large enough. How those are shared out is known of this kind of
 * processor alone.
 */
const isAnyNumberAlike = ({ products, weights }: Burden, most: number): boolean =>
  weights === "packed" ||
  (process.arch === "x64" && products !== undefined && products.every((product) => isAlike(product, most)))

/** The threads of a session: no more than cores where their number decides no bit, for to wake others takes time. */
export const threadsFor = (burden: Burden, threads: number): number => {
  const most = burden.bytes < fewBytes ? Math.min(threads, mostForFewBytes) : threads
  return isAnyNumberAlike(burden, most) ? Math.min(most, availableParallelism()) : most
}

/**
 * The session options of every provider.
 * - Prepacking copies each weight, once for each use of it, and gives other bits.
 * - "basic" gives the bits of the graph as it is written. The levels above it fuse operators, which changed the bits
 *   and gained nothing on graphs that are written with fused operators to begin with.
 * - Memory patterns would reserve, for each set of input shapes met again, one block for the whole run: where shapes
 *   change from run to run, the blocks of one shape do not serve the others, and memory grows.
 * - Threads that spin while they wait would take the cores from those that compute: with more threads than cores, or
 *   beside other work, runs took several times as long.
 */
export const sessionOptions = (
  provider: ExecutionProvider,
  burden: Burden,
  threads: number,
  device: number | undefined
): SessionOptions => ({
  executionProviders: [{ name: provider, ...(device === undefined ? {} : { deviceId: device }) }],
  graphOptimizationLevel: "basic",
  executionMode: "sequential",
  enableMemPattern: false,
  logSeverityLevel: 3,
  intraOpNumThreads: threadsFor(burden, threads),
  extra: { session: { disable_prepacking: burden.weights === "packed" ? "0" : "1", "intra_op.allow_spinning": "0" } }
})

/**
 * The device of each of several processes. With CUDA each has its own, counted from `first`; a single process has the
 * device that it is told, or leaves the choice to the provider.
 */
export const devicesOf = (
  provider: ExecutionProvider,
  processes: number,
  first: number | undefined
): Arr.NonEmptyReadonlyArray<number | undefined> =>
  Arr.makeBy(processes, (index) => (provider === "cuda" && processes > 1 ? (first ?? 0) + index : first))

/**
 * Variables that a provider's libraries read. glibc takes memory in huge pages if told so: loading takes longer for it,
 * and weights that are read for a few rows at a time are read faster. CUDA's libraries round factors to 10 bits (TF32)
 * unless told not to.
 */
export const environment: { readonly [P in ExecutionProvider]: Readonly<Record<string, string>> } = {
  cpu: { GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" },
  webgpu: {},
  cuda: { NVIDIA_TF32_OVERRIDE: "0" }
}

const arithmetic: { readonly [P in ExecutionProvider]: string } = { cpu: "", webgpu: "", cuda: " tf32=off" }

/** The part of a stage's key that the runtime contributes. */
export const identityOf = (provider: ExecutionProvider, threads: number): ComputeIdentity => ({
  provider,
  runtimeVersion: runtimeVersion(),
  options:
    `optimization=basic prepacking=off threads=${threads} ` +
    `below=${fewBytes}:${Math.min(threads, mostForFewBytes)}${arithmetic[provider]}`
})

/** What to do about each provider that does not start. */
export const remedy: { readonly [P in ExecutionProvider]: string } = {
  cpu: "Install onnxruntime-node again: the library for this platform is missing from it, or is damaged.",
  webgpu:
    "It needs a graphics device with Vulkan (Linux, with its driver and libvulkan1), Direct3D 12 (Windows) or " +
    "Metal (macOS). Without one, a Vulkan device in software serves for tests: Debian's chromium package brings " +
    "SwiftShader, used when VK_DRIVER_FILES names its vk_swiftshader_icd.json. Or choose the cpu provider.",
  cuda:
    "It needs Linux on x64, an NVIDIA device, CUDA 12 and cuDNN 9 on the library path, and libraries that the npm " +
    "package leaves out: fetch them with `node node_modules/onnxruntime-node/script/install " +
    "--onnxruntime-node-install=cuda12`. Or choose the webgpu provider, which needs none of these, or cpu."
}

/** The real library has hundreds of megabytes; what stands in for it in a checkout or an image has a few bytes. */
const smallestLibrary = 1_000_000

/** What is wrong with the CUDA libraries in the package, if it can be seen from outside. */
const cudaLibraryDefect = (): string | undefined => {
  const root = dirname(createRequire(import.meta.url).resolve(packageFile))
  const library = join(root, "bin/napi-v6", process.platform, process.arch, "libonnxruntime_providers_cuda.so")
  const size = statSync(library, { throwIfNoEntry: false })?.size
  if (size === undefined) return `${library} is missing.`
  return size < smallestLibrary ? `${library} is a placeholder of ${size} bytes.` : undefined
}

/** Why a provider does not start: plainly where the cause can be seen, else as the runtime and drivers tell it. */
export const refusal = (provider: ExecutionProvider, reason: string, lastWords: string): string =>
  (provider === "cuda" ? cudaLibraryDefect() : undefined) ?? (lastWords === "" ? reason : `${reason} (${lastWords})`)
