/** Translation rows between Japanese and English, from the names that the Unicode CLDR gives to languages, places and pictures. */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { askAbout, type Fact } from "./Fact.ts"
import { seeded } from "./Random.ts"

const require = createRequire(import.meta.url)

const names = (file: string, path: ReadonlyArray<string>): Readonly<Record<string, unknown>> => {
  let value: unknown = JSON.parse(readFileSync(require.resolve(file), "utf8"))
  for (const step of path) value = isRecord(value) ? value[step] : undefined
  if (!isRecord(value)) throw new Error(`internal: ${file} has no ${path.join(".")}`)
  return value
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const localeNames = (locale: "ja" | "en", what: "territories" | "languages") =>
  names(`cldr-localenames-full/main/${locale}/${what}.json`, ["main", locale, "localeDisplayNames", what])

const pictureNames = (locale: "ja" | "en"): Readonly<Record<string, unknown>> => {
  const annotations = names(`cldr-annotations-full/annotations/${locale}/annotations.json`, [
    "annotations",
    "annotations"
  ])
  return Object.fromEntries(
    Object.entries(annotations).map(([picture, entry]) => [
      picture,
      isRecord(entry) && Array.isArray(entry["tts"]) ? entry["tts"][0] : undefined
    ])
  )
}

const joined = (ja: Readonly<Record<string, unknown>>, en: Readonly<Record<string, unknown>>) =>
  Object.entries(ja).flatMap(([key, japanese]) => {
    const english = en[key]
    const usable = typeof japanese === "string" && typeof english === "string"
    return usable && !key.includes("-alt-") && japanese.length <= 12 && /^[A-Za-z ]{3,24}$/u.test(english)
      ? [{ japanese, english }]
      : []
  })

/** `count` rows, half in each direction; no pair comes twice. */
export const translations = (count: number): ReadonlyArray<Pick<Fact, "dataset" | "asks">> => {
  const all = [
    ...joined(localeNames("ja", "territories"), localeNames("en", "territories")),
    ...joined(localeNames("ja", "languages"), localeNames("en", "languages")),
    ...joined(pictureNames("ja"), pictureNames("en"))
  ]
  const unique = [...new Map(all.map((pair) => [pair.japanese, pair])).values()]
  return seeded(31)
    .shuffle(unique)
    .slice(0, count)
    .map(({ japanese, english }, index) =>
      index % 2 === 0
        ? {
            dataset: "japanese-to-english",
            asks: [askAbout("次の日本語を英語に翻訳してください。", japanese, english)]
          }
        : {
            dataset: "english-to-japanese",
            asks: [askAbout("次の英語を日本語に翻訳してください。", english, japanese)]
          }
    )
}
