/** The ways in which a graph can be put together wrongly, thrown where it is put together. */
import * as Schema from "effect/Schema"

/** Shapes that do not fit an operator. */
export class ShapeMismatch extends Schema.TaggedError<ShapeMismatch>()("ShapeMismatch", {
  operator: Schema.String,
  expected: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `${this.operator}: expected ${this.expected}, found ${this.found}. Check the shapes where it is applied.`
  }
}

/** An element type that an operator does not take. */
export class ElementMismatch extends Schema.TaggedError<ElementMismatch>()("ElementMismatch", {
  operator: Schema.String,
  expected: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `${this.operator}: expected elements of type ${this.expected}, found ${this.found}. Use cast() first.`
  }
}

/** A named size that nothing in the graph can tell. */
export class UnknownDimension extends Schema.TaggedError<UnknownDimension>()("UnknownDimension", {
  operator: Schema.String,
  dimension: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    const known = this.known.length === 0 ? "none" : this.known.join(", ")
    return (
      `${this.operator}: the size of dimension "${this.dimension}" is needed, but no tensor computed before has it ` +
      `(named dimensions so far: ${known}). Give one of the graph's inputs a dimension of that name.`
    )
  }
}

/** Two different values of one graph under one name. */
export class NameClash extends Schema.TaggedError<NameClash>()("NameClash", {
  graph: Schema.String,
  name: Schema.String
}) {
  override get message() {
    return (
      `Graph "${this.graph}": two different values are called "${this.name}". ` +
      `Give inputs, weights and outputs names of their own.`
    )
  }
}

/** A gradient that an operator does not have. */
export class NotDifferentiable extends Schema.TaggedError<NotDifferentiable>()("NotDifferentiable", {
  operator: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return (
      `${this.operator} cannot be differentiated here: ${this.reason}. ` +
      `Put stopGradient() where no gradient is meant to pass.`
    )
  }
}
