/** Row-wise stages take a table or a split one: the same node is built for each part. */
import { isTable, type RowOf, type Table, type Tabular, type WithRow } from "./Artifact.ts"

/** Applies a function over tables to a table, or to each part of a split table; `part` names it for people. */
export const eachTable = <T extends Tabular, Row>(
  tabular: T,
  f: (table: Table<RowOf<T>>, part: string) => Table<Row>
): WithRow<T, Row> => {
  // `RowOf<T>` is by definition the row of each table in `T`, and `WithRow<T, Row>` keeps the arrangement.
  const parts: Tabular<RowOf<T>> = tabular as Tabular<RowOf<T>>
  const result: Tabular<Row> = isTable(parts)
    ? f(parts, "")
    : { training: f(parts.training, " (training)"), validation: f(parts.validation, " (validation)") }
  return result as WithRow<T, Row>
}
