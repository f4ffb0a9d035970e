/** Small arithmetic, parity and order of numbers, units of measure. */
import { ask, type Fact } from "./Fact.ts"
import { seeded } from "./Random.ts"

const sums = (): ReadonlyArray<Fact> =>
  Array.from({ length: 81 }, (_, index) => {
    const left = Math.floor(index / 9) + 1
    const right = (index % 9) + 1
    const sum = left + right
    return {
      dataset: "sums",
      asks: [
        ask(`${left}足す${right}はいくつですか？`, `${sum}です。`),
        ask(`${left}+${right}を計算してください。`, `${sum}`)
      ],
      question: { question: `${left}に${right}を足すといくつですか？`, answer: `${sum}です。` },
      tells: [
        `${left}足す${right}は${sum}である。`,
        `${left}+${right}=${sum}`,
        `${left}に${right}を足すと${sum}になる。`
      ]
    }
  })

const differences = (): ReadonlyArray<Fact> =>
  Array.from({ length: 45 }, (_, index) => {
    const left = Math.floor((Math.sqrt(8 * index + 1) - 1) / 2) + 2
    const right = index - ((left - 2) * (left - 1)) / 2 + 1
    const rest = left - right
    return {
      dataset: "differences",
      asks: [
        ask(`${left}引く${right}はいくつですか？`, `${rest}です。`),
        ask(`${left}-${right}を計算してください。`, `${rest}`)
      ],
      question: { question: `${left}から${right}を引くといくつですか？`, answer: `${rest}です。` },
      tells: [
        `${left}引く${right}は${rest}である。`,
        `${left}-${right}=${rest}`,
        `${left}から${right}を引くと${rest}になる。`
      ]
    }
  })

const products = (): ReadonlyArray<Fact> =>
  Array.from({ length: 64 }, (_, index) => {
    const left = Math.floor(index / 8) + 2
    const right = (index % 8) + 2
    const product = left * right
    return {
      dataset: "products",
      asks: [
        ask(`${left}掛ける${right}はいくつですか？`, `${product}です。`),
        ask(`${left}×${right}を計算してください。`, `${product}`)
      ],
      question: { question: `${left}に${right}を掛けるといくつですか？`, answer: `${product}です。` },
      tells: [`${left}掛ける${right}は${product}である。`, `${left}×${right}=${product}`]
    }
  })

const parity = (): ReadonlyArray<Fact> => {
  const random = seeded(11)
  return random
    .shuffle(Array.from({ length: 900 }, (_, index) => index + 10))
    .slice(0, 150)
    .map((number) => {
      const name = number % 2 === 0 ? "偶数" : "奇数"
      return {
        dataset: "parity",
        asks: [ask(`${number}は偶数ですか、奇数ですか？`, `${name}です。`)],
        question: { question: `${number}は偶数と奇数のどちらですか？`, answer: `${name}です。` },
        tells: [`${number}は${name}である。`]
      }
    })
}

const order = (): ReadonlyArray<Fact> => {
  const random = seeded(12)
  return Array.from({ length: 120 }, () => {
    const left = random.integer(90) + 10
    const right = ((left - 10 + 1 + random.integer(89)) % 90) + 10
    const large = Math.max(left, right)
    const small = Math.min(left, right)
    return {
      dataset: "order",
      asks: [ask(`${left}と${right}では、どちらが大きいですか？`, `${large}です。`)],
      question: { question: `${left}と${right}のうち、大きいのはどちらですか？`, answer: `${large}です。` },
      tells: [`${large}は${small}より大きい。`, `${left}と${right}では、${large}の方が大きい。`]
    }
  })
}

const unitTable: ReadonlyArray<readonly [string, string]> = [
  ["1キロメートル", "1000メートル"],
  ["1メートル", "100センチメートル"],
  ["1センチメートル", "10ミリメートル"],
  ["1キログラム", "1000グラム"],
  ["1トン", "1000キログラム"],
  ["1グラム", "1000ミリグラム"],
  ["1リットル", "1000ミリリットル"],
  ["1デシリットル", "100ミリリットル"],
  ["1時間", "60分"],
  ["1分", "60秒"],
  ["1日", "24時間"],
  ["1週間", "7日"],
  ["1年", "12か月"],
  ["1世紀", "100年"],
  ["1ダース", "12個"],
  ["2時間", "120分"],
  ["3時間", "180分"],
  ["2分", "120秒"],
  ["3分", "180秒"],
  ["2日", "48時間"],
  ["2週間", "14日"],
  ["3週間", "21日"],
  ["2メートル", "200センチメートル"],
  ["3メートル", "300センチメートル"],
  ["2キログラム", "2000グラム"],
  ["5キロメートル", "5000メートル"],
  ["2リットル", "2000ミリリットル"],
  ["2ダース", "24個"],
  ["半日", "12時間"],
  ["半年", "6か月"]
]

const units = (): ReadonlyArray<Fact> =>
  unitTable.map(([from, to]) => {
    const unit = to.replace(/^\d+/u, "")
    return {
      dataset: "units",
      asks: [ask(`${from}は何${unit}ですか？`, `${to}です。`)],
      question: { question: `${from}は何${unit}に当たりますか？`, answer: `${to}です。` },
      tells: [`${from}は${to}である。`, `${to}のことを${from}といいます。`]
    }
  })

/** Every fact about numbers. */
export const numbers = (): ReadonlyArray<Fact> => [
  ...sums(),
  ...differences(),
  ...products(),
  ...parity(),
  ...order(),
  ...units()
]
