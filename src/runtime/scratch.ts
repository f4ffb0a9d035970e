/** Lays programs out on disk as ONNX Runtime wants them: the model and, beside it, its weights as hard links. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { constants, readFileSync } from "node:fs"
import { copyFile, link, mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import { dirname, join } from "node:path"
import { SessionFailure } from "./Errors.ts"
import type { Program } from "./OnnxRuntime.ts"

/** A program as it lies on the disk. */
export interface Placed {
  /** Of its model. */
  readonly path: string
  /** Of all its weight files. */
  readonly bytes: number
}

export interface Scratch {
  /**
   * Writes the program into a directory of its own, which goes with the scope.
   *
   * Weights are hard links, so they take neither time nor space. A link cannot cross file systems: when the scratch
   * directory lies on another one than the weights, the program is laid out beside a weight file instead, and when the
   * files refuse that too, they are copied into the scratch directory (by reference where the file system can).
   */
  readonly place: (program: Program) => Effect.Effect<Placed, SessionFailure>
}

/** Marks the directories made here, wherever they lie. */
const mark = ".tanren-runtime"

/** When a process started, in the kernel's ticks: with the number, this names a process for good where it is known. */
const startOf = (processId: number): string => {
  try {
    const status = readFileSync(`/proc/${processId}/stat`, "utf8")
    // The process's name, in parentheses, may hold anything; the start is the twentieth field after it.
    return status.slice(status.lastIndexOf(")") + 2).split(" ")[19] ?? "unknown"
  } catch {
    return "unknown"
  }
}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "unknown"

const isAlive = (processId: number, start: string): boolean => {
  try {
    process.kill(processId, 0)
  } catch (cause) {
    if (codeOf(cause) === "ESRCH") return false
  }
  return startOf(processId) === start
}

/** Directories are named by the machine, the number and the start of the process that made them. */
const ownPrefix = `${mark}~${hostname()}~${process.pid}~${startOf(process.pid)}~`

const isAbandoned = (directory: string): boolean => {
  const [marked, machine, processId, start] = directory.split("~")
  return marked === mark && machine === hostname() && start !== undefined && !isAlive(Number(processId), start)
}

const remove = (directory: string): Promise<void> => rm(directory, { recursive: true, force: true })

/** Removes what processes of this machine left behind when they were killed; what is another user's, stays. */
const sweep = async (root: string): Promise<void> => {
  const abandoned = (await readdir(root)).filter(isAbandoned)
  await Promise.allSettled(abandoned.map((directory) => remove(join(root, directory))))
}

const makeDirectory = async (root: string): Promise<string> => {
  await mkdir(root, { recursive: true })
  await sweep(root)
  return mkdtemp(join(root, ownPrefix))
}

/** Locations with the regular files behind them: a hard link to a symbolic link would be one, which is refused. */
type Files = ReadonlyArray<readonly [location: string, file: string]>

const bytesOf = async (files: Files): Promise<number> =>
  (await Promise.all(files.map(([, file]) => stat(file)))).reduce((all, { size }) => all + size, 0)

type Place = (file: string, target: string) => Promise<void>
const copy: Place = (file, target) => copyFile(file, target, constants.COPYFILE_FICLONE)

const fill = async (directory: string, program: Program, files: Files, placeFile: Place): Promise<string> => {
  for (const [location, file] of files) await placeFile(file, join(directory, location))
  const model = join(directory, "model.onnx")
  await writeFile(model, program.model)
  return model
}

const resolveFiles = (program: Program): Promise<Files> =>
  Promise.all(Object.entries(program.files).map(async ([location, file]) => [location, await realpath(file)] as const))

/** Makes the directories it needs known to `owned` as soon as they exist. */
const layOut = async (program: Program, root: string, owned: Set<string>): Promise<Placed> => {
  const files = await resolveFiles(program)
  const bytes = await bytesOf(files)
  const attempt = async (place: string, placeFile: Place): Promise<Placed> => {
    const directory = await makeDirectory(place)
    owned.add(directory)
    return { path: await fill(directory, program, files, placeFile), bytes }
  }
  const linkable = [root, ...new Set(files.map(([, file]) => dirname(file)))]
  for (const place of linkable) {
    try {
      return await attempt(place, link)
    } catch (cause) {
      if (!["EXDEV", "EPERM", "EACCES", "EROFS", "EMLINK", "ENOTSUP", "EOPNOTSUPP"].includes(codeOf(cause))) throw cause
    }
  }
  return attempt(root, copy)
}

/** Scratch space under `root` that is empty again when the scope closes. */
export const makeScratch = (root: string): Effect.Effect<Scratch, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new Set<string>()),
      (owned) => Effect.promise(() => Promise.all([...owned].map(remove)))
    ),
    (owned): Scratch => ({
      place: (program) =>
        Effect.uninterruptible(
          Effect.tryPromise({
            try: () => layOut(program, root, owned),
            catch: (cause) =>
              new SessionFailure({ program: program.name, reason: `its files could not be laid out: ${String(cause)}` })
          })
        )
    })
  )
