/** Tables on disk: Arrow IPC files that are written and read batch by batch, with the types of their rows. */
import type * as Schema from "effect/Schema"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { TableReader } from "../pipeline/Reader.ts"
import type { ColumnUnsupported, RowFailure, TableFailure } from "./Errors.ts"

/** What a writer leaves behind. */
export interface TableSummary {
  readonly rows: number
  /** Logical digest in hex: over schema and values, blind to batch boundaries, compression and metadata. */
  readonly digest: string
  /** Size of the file. */
  readonly bytes: number
}

/** Streams batches of rows into a file, which is complete when the effect succeeds. */
export type WriteTable = <Row, E, R>(
  path: string,
  schema: Schema.Schema<Row>,
  rows: Stream.Stream<ReadonlyArray<Row>, E, R>
) => Effect.Effect<TableSummary, E | ColumnUnsupported | RowFailure | TableFailure, R>

/** Opens a file for as long as the scope lives. */
export type OpenTable = <Row>(
  path: string,
  schema: Schema.Schema<Row>
) => Effect.Effect<TableReader<Row>, ColumnUnsupported | TableFailure, Scope.Scope>
