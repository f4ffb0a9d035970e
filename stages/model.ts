/** Ways to name a model: as it lies in a folder or on the Hub, and under an adapter that others tuned. */
import { model as models } from "../src/pipeline/model.ts"
import { adapted } from "./adapt.ts"

export const model = { ...models, adapted }
