/** Where analyses of modules are kept between processes, so that a plan over unchanged code loads no parser. */
import * as Context from "effect/Context"
import type { ModuleAnalysis } from "./ModuleAnalysis.ts"

/** Analyses by sha256 (hex) of analysis version and module text; they are plain JSON. Keeps nothing by default. */
export const AnalysisCache = Context.Reference<{
  readonly get: (contentHash: string) => ModuleAnalysis | undefined
  readonly put: (contentHash: string, analysis: ModuleAnalysis) => void
}>("tanren/engine/code/AnalysisCache", { defaultValue: () => ({ get: () => undefined, put: () => {} }) })
