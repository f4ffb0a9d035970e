/** Table 2 as printed, and how near to it a reproduction has to come. */
import { near } from "tanren"

const source = "Suzuki, Hirano and Sakaji (2023), Table 2"

const row = (
  vqa: number,
  jnli1: number,
  jnli2: number,
  jnli3: number,
  marcJa1: number,
  marcJa2: number,
  marcJa3: number
) => ({
  VQA: vqa,
  "JNLI, 1 shot": jnli1,
  "JNLI, 2 shots": jnli2,
  "JNLI, 3 shots": jnli3,
  "MARC-ja, 1 shot": marcJa1,
  "MARC-ja, 2 shots": marcJa2,
  "MARC-ja, 3 shots": marcJa3
})

/** The figures of the paper, by the names of its models and of our measurements. */
export const table2 = {
  source,
  figures: {
    "stormy (Instruct CALM)": row(29.9, 0.459, 0.508, 0.475, 0.468, 0.828, 0.784),
    CALM: row(246.6, 0.294, 0.331, 0.314, 0.781, 0.836, 0.856),
    "Instruct LLaMA 7B": row(68.5, 0.398, 0.454, 0.479, 0.795, 0.829, 0.847),
    "LLaMA 7B": row(1499, 0.171, 0.273, 0.303, 0.839, 0.848, 0.852),
    "Instruct LLaMA 13B": row(38.8, 0.302, 0.302, 0.302, 0.859, 0.855, 0.855),
    "LLaMA 13B": row(971.5, 0.316, 0.281, 0.263, 0.855, 0.855, 0.855)
  }
} as const

type Row = ReturnType<typeof row>

/** Perplexities within 5 %, accuracies within 0.02: two standard errors on JNLI's 2,434 questions. */
const expected = (figures: Row) => ({
  VQA: near(figures.VQA, { relative: 0.05 }, source),
  "JNLI, 1 shot": near(figures["JNLI, 1 shot"], { absolute: 0.02 }, source),
  "JNLI, 2 shots": near(figures["JNLI, 2 shots"], { absolute: 0.02 }, source),
  "JNLI, 3 shots": near(figures["JNLI, 3 shots"], { absolute: 0.02 }, source),
  "MARC-ja, 1 shot": near(figures["MARC-ja, 1 shot"], { absolute: 0.02 }, source),
  "MARC-ja, 2 shots": near(figures["MARC-ja, 2 shots"], { absolute: 0.02 }, source),
  "MARC-ja, 3 shots": near(figures["MARC-ja, 3 shots"], { absolute: 0.02 }, source)
})

/** What every model of the paper is expected to reach. */
export const asPublished = {
  "stormy (Instruct CALM)": expected(table2.figures["stormy (Instruct CALM)"]),
  CALM: expected(table2.figures.CALM),
  "Instruct LLaMA 7B": expected(table2.figures["Instruct LLaMA 7B"]),
  "LLaMA 7B": expected(table2.figures["LLaMA 7B"]),
  "Instruct LLaMA 13B": expected(table2.figures["Instruct LLaMA 13B"]),
  "LLaMA 13B": expected(table2.figures["LLaMA 13B"])
}
