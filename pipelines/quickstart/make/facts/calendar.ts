/** Weekdays, months, seasons and the things that belong to a season. */
import { ask, askAbout, type Fact, words } from "./Fact.ts"

const weekdays = words("日曜日 月曜日 火曜日 水曜日 木曜日 金曜日 土曜日")

const weekdayFacts = (): ReadonlyArray<Fact> =>
  weekdays.flatMap((today, index) =>
    (
      [
        ["翌日", 1],
        ["前の日", 6],
        ["二日後", 2],
        ["二日前", 5]
      ] as const
    ).map(([when, shift]) => {
      const other = weekdays[(index + shift) % 7] ?? ""
      return {
        dataset: "weekdays",
        asks: [
          ask(`${today}の${when}は何曜日ですか？`, `${other}です。`),
          ask(`${today}の${when}の曜日を答えてください。`, other)
        ],
        question: { question: `${today}の${when}の曜日は何ですか？`, answer: `${other}です。` },
        tells: [`${today}の${when}は${other}である。`, `今日は${today}なので、${when}は${other}です。`]
      }
    })
  )

const seasonOf = (month: number): string =>
  month < 3 || month === 12 ? "冬" : month < 6 ? "春" : month < 9 ? "夏" : "秋"

const lengthOf = (month: number): string =>
  month === 2 ? "28日か29日" : [4, 6, 9, 11].includes(month) ? "30日" : "31日"

const monthFacts = (): ReadonlyArray<Fact> =>
  Array.from({ length: 12 }, (_, index) => index + 1).flatMap((month) => {
    const season = seasonOf(month)
    const next = (month % 12) + 1
    return [
      {
        dataset: "months",
        asks: [ask(`${month}月は何日までありますか？`, `${lengthOf(month)}までです。`)],
        question: { question: `${month}月の日数はいくつですか？`, answer: `${lengthOf(month)}です。` },
        tells: [`${month}月は${lengthOf(month)}まである。`]
      },
      {
        dataset: "months",
        asks: [
          ask(`${month}月の次の月は何月ですか？`, `${next}月です。`),
          ask(`${next}月の前の月は何月ですか？`, `${month}月です。`)
        ],
        question: { question: `${month}月の翌月は何月ですか？`, answer: `${next}月です。` },
        tells: [`${month}月の次は${next}月である。`, `${next}月の前の月は${month}月です。`]
      },
      ...[3, 8, 14, 19, 25].map((day): Fact => ({
        dataset: "seasons",
        asks: [ask(`${month}月${day}日の季節は何ですか？`, `${season}です。`)],
        question: { question: `${month}月${day}日はどの季節ですか？`, answer: `${season}です。` },
        tells: [`${month}月${day}日は${season}である。`, `${month}月は${season}の月です。`]
      }))
    ]
  })

/** Season → what belongs to it. */
const seasonal: Readonly<Record<string, string>> = {
  春: "花見 桜 入学式 ひな祭り 卒業式 たけのこ 菜の花 つくし 鶯 新学期 潮干狩り 春一番 桃の節句 新入社員 花粉症 こどもの日",
  夏: "花火 海水浴 風鈴 浴衣 蝉 かき氷 七夕 盆踊り スイカ 梅雨 夕立 蚊取り線香 ひまわり 夏休み 山開き 麦わら帽子 プール",
  秋: "紅葉 月見 稲刈り 秋刀魚 松茸 栗拾い 運動会 読書 コスモス 台風 すすき 柿 ぶどう狩り 焼き芋 菊 文化祭",
  冬: "雪だるま 正月 スキー こたつ 大晦日 鍋料理 節分 みかん お年玉 初詣 クリスマス 年賀状 書き初め ストーブ 忘年会 雪合戦 豆まき"
}

const seasonalFacts = (): ReadonlyArray<Fact> =>
  Object.entries(seasonal).flatMap(([season, list]) =>
    words(list).map((thing) => ({
      dataset: "seasons",
      asks: [
        ask(`「${thing}」はどの季節のものですか？`, `${season}です。`),
        askAbout("次の言葉と関係の深い季節を答えてください。", thing, season)
      ],
      question: { question: `「${thing}」と言えば、どの季節ですか？`, answer: `${season}です。` },
      tells: [
        `${thing}は${season}のものである。`,
        `${season}と言えば${thing}です。`,
        `${season}になると${thing}が楽しみだ。`
      ]
    }))
  )

/** Every fact about the calendar. */
export const calendar = (): ReadonlyArray<Fact> => [...weekdayFacts(), ...monthFacts(), ...seasonalFacts()]
