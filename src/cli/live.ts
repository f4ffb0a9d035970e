/** The services behind the verbs: the store of a folder, the runtime on a device, and what lies on other machines. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { existsSync } from "node:fs"
import * as path from "node:path"
import type { OnnxRuntime } from "../runtime/OnnxRuntime.ts"
import { layer as runtimeLayer } from "../runtime/layer.ts"
import { Sources } from "../source/Sources.ts"
import type { StoreFailure } from "../store/Errors.ts"
import { Store } from "../store/Store.ts"
import { codeCacheLayer } from "../engine/code/persistentCache.ts"
import { BadUse, type Options } from "./arguments.ts"

/** `pipelines/name.ts` has its pins in `pipelines/name.lock.json`. */
const lockFileOf = (pipeline: string): string =>
  path.resolve(pipeline.replace(/\.[cm]?[jt]s$/, "").concat(".lock.json"))

/** Sessions put their files beside the store, so that weights in it can be linked rather than copied. */
export const live = (options: Options): Layer.Layer<Store | Sources | OnnxRuntime, StoreFailure> => {
  const root = path.resolve(options.store)
  return Layer.mergeAll(
    Store.layer(root),
    Sources.layer({
      lockFile: lockFileOf(options.operands[0] ?? ""),
      downloads: path.join(root, "downloads"),
      environment: process.env
    }),
    runtimeLayer({
      provider: options.device,
      processes: options.processes,
      scratchDirectory: path.join(root, "sessions")
    }),
    codeCacheLayer(path.join(root, "code"))
  )
}

/** A store that is there: what a verb about the store alone says of one that it made itself would mislead. */
export const existingStore = ({ store }: Options): Layer.Layer<Store, StoreFailure | BadUse> =>
  existsSync(path.resolve(store, "objects"))
    ? Store.layer(path.resolve(store))
    : Layer.effect(Store, Effect.fail(new BadUse({ reason: `There is no store in ${path.resolve(store)}.` })))
