/** The marks on figures for which some texts were longer than what was tuned on, or than what the model takes. */
import type { Bound, Cell, Row } from "./ReportData.ts"

const boundMarks: { readonly [B in Bound]: { readonly mark: string; readonly meaning: string } } = {
  tuning: { mark: "*", meaning: "some texts are longer than those tuned on" },
  model: { mark: "†", meaning: "some texts are longer than the model takes, and lost their beginning" }
}

/** What the marks in these rows mean, a sentence each; empty where there are none. */
export const boundNotes = (rows: ReadonlyArray<Row>): ReadonlyArray<string> =>
  (["tuning", "model"] as const)
    .filter((bound) => rows.some(({ cells }) => cells.some((cell) => cell?.beyond.includes(bound))))
    .map((bound) => `${boundMarks[bound].mark} ${boundMarks[bound].meaning}.`)

/** The marks of a figure, one after the other. */
export const marksOf = ({ beyond }: Cell): string => beyond.map((bound) => boundMarks[bound].mark).join("")
