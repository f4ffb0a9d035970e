/** The lineage of an action: what it has in common with others that do the same work for longer or shorter. */
import { type ActionKey, keyOf } from "../store/Digest.ts"
import { hashed, type Identity } from "./identity.ts"
import type { Step } from "./Recipe.ts"

export interface Lineage {
  readonly key: ActionKey
  /** Whether an action of another extent may go on where this one ends. */
  readonly open: boolean
}

/**
 * An action's ingredients without the fields of its config that say only how far it goes; the action's own key where
 * there are none.
 */
export const lineageOf = ({ config, node: { stage } }: Step, { ingredients, key }: Identity): Lineage => {
  // The config was decoded by the stage's own schema; here every stage looks the same.
  const extent = new Set<PropertyKey>(stage.extent?.(config.value as never) ?? [])
  if (extent.size === 0) return { key, open: false }
  const fields = Object.entries(ingredients.config ?? {}).filter(([field]) => !extent.has(field))
  return { key: keyOf(`lineage ${hashed({ ...ingredients, config: Object.fromEntries(fields) })}`), open: true }
}
