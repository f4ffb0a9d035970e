/** A line chart as SVG: axes, curves with their names at their ends, and a text for those who cannot see it. */
import { exact } from "./format.ts"
import { type Html, html } from "./html.ts"
import { extent, type Point, ticks } from "./series.ts"

/** One curve: "faint" for a line of every value, "strong" for the line to read, "marked" for dashes between points. */
export interface Curve {
  readonly name: string
  readonly points: ReadonlyArray<Point>
  readonly look: "faint" | "strong" | "marked"
}

export interface Chart {
  /** Unique in the page. */
  readonly id: string
  readonly title: string
  readonly description: string
  /** What is counted along the bottom: "step". */
  readonly across: string
  readonly curves: ReadonlyArray<Curve>
  /** In user units; text is 12 units high. */
  readonly width: number
  readonly height: number
}

const margin = { top: 10, right: 12, bottom: 36, left: 54 }
/** The least distance between the names of two curves. */
const lineHeight = 15
/** Between the end of a curve and its name. */
const gap = 10
/** What one letter of a name takes in width, on average. */
const letterWidth = 7.4

type Scale = (value: number) => number

const scale =
  ([low, high]: readonly [number, number], from: number, to: number): Scale =>
  (value) =>
    from + ((value - low) / (high - low)) * (to - from)

const at = (value: number): string => String(Math.round(value * 10) / 10)

const line = (points: ReadonlyArray<Point>, x: Scale, y: Scale): string =>
  points.map((point, i) => `${i === 0 ? "M" : "L"}${at(x(point.x))} ${at(y(point.y))}`).join("")

const circle = (x: number, y: number): Html => html`<circle cx="${at(x)}" cy="${at(y)}" r="3.2" />`

const curve = ({ look, points }: Curve, x: Scale, y: Scale): Html =>
  html`<path class="${look}" d="${line(points, x, y)}" />${
      look === "marked" ? points.map((point) => circle(x(point.x), y(point.y))) : null
    }`

/** Names beside the last points of their curves, moved apart where they would overlap. */
const names = (curves: ReadonlyArray<Curve>, x: number, y: Scale): ReadonlyArray<Html> => {
  const placed = curves
    .flatMap(({ look, name, points }) => {
      const last = points.at(-1)
      return last === undefined || name === "" ? [] : [{ look, name, height: y(last.y) + 4 }]
    })
    .toSorted((a, b) => a.height - b.height)
  let floor = -Infinity
  return placed.map(({ height, look, name }) => {
    floor = Math.max(height, floor + lineHeight)
    return html`<text class="name ${look}" x="${at(x)}" y="${at(floor)}">${name}</text>`
  })
}

/** Draws a chart. Curves without points leave their axes empty. */
export const draw = ({ across, curves, description, height, id, title, width }: Chart): Html => {
  const points = curves.flatMap((each) => each.points)
  const [horizontal, vertical] = [extent(points.map((point) => point.x)), extent(points.map((point) => point.y))]
  const longest = curves.reduce((most, { name }) => Math.max(most, name.length), 0)
  const right = width - margin.right - (longest === 0 ? 0 : longest * letterWidth + gap)
  const bottom = height - margin.bottom
  const x = scale(horizontal, margin.left, right)
  const y = scale(vertical, bottom, margin.top)
  const rows = ticks(vertical, 5).map(
    (value) =>
      html`<path class="grid" d="M${margin.left} ${at(y(value))}H${at(right)}" /><text
          class="tick"
          x="${margin.left - 8}"
          y="${at(y(value) + 4)}"
          text-anchor="end"
          >${exact(value)}</text
        >`
  )
  const columns = ticks(horizontal, Math.max(2, Math.round(width / 110))).map(
    (value) =>
      html`<path class="axis" d="M${at(x(value))} ${bottom + 4}v4" /><text
          class="tick"
          x="${at(x(value))}"
          y="${bottom + 20}"
          text-anchor="middle"
          >${exact(value)}</text
        >`
  )
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-description">
    <title id="${id}-title">${title}</title>
    <desc id="${id}-description">${description}</desc>
    ${rows}
    <path class="axis" d="M${margin.left} ${bottom + 4}H${at(right)}" />
    ${columns}
    <text class="tick" x="${at(right)}" y="${height - 2}" text-anchor="end">${across}</text>
    ${curves.map((each) => curve(each, x, y))}${names(curves, right + gap, y)}
  </svg>`
}
