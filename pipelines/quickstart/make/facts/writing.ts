/** How Japanese is written: scripts, lengths and readings of words, forms of verbs. */
import { ask, askAbout, type Fact, pairs, words } from "./Fact.ts"

const scripts: Readonly<Record<string, string>> = {
  ひらがな: `さくら やま かわ うみ そら ほし つき はな とり いぬ ねこ さかな くるま でんしゃ がっこう せんせい ともだち かぞく あさ よる
    みず たまご やさい くだもの おちゃ てがみ えんぴつ つくえ いす まど`,
  カタカナ: `テレビ ラジオ カメラ ホテル バス タクシー パン バター チーズ ミルク サラダ スープ ナイフ フォーク スプーン テーブル ベッド ドア
    ピアノ ギター テニス ゴルフ ニュース ノート ペン シャツ ズボン コート ボタン ポケット`,
  漢字: `山 川 海 空 星 月 花 鳥 犬 猫 魚 車 電車 学校 先生 友達 家族 朝 夜 水 卵 野菜 果物 茶 手紙 鉛筆 机 椅子 窓 本 時計 新聞 会社 銀行 病院`
}

const scriptFacts = (): ReadonlyArray<Fact> =>
  Object.entries(scripts).flatMap(([script, list]) =>
    words(list).map((word) => ({
      dataset: "scripts",
      asks: [ask(`「${word}」はひらがな、カタカナ、漢字のどれですか？`, `${script}です。`)],
      question: { question: `「${word}」はどの文字で書かれていますか？`, answer: `${script}です。` },
      tells: [`「${word}」は${script}の言葉である。`]
    }))
  )

const readings = `山:やま 川:かわ 海:うみ 空:そら 星:ほし 月:つき 花:はな 鳥:とり 犬:いぬ 猫:ねこ 魚:さかな 車:くるま 朝:あさ 夜:よる 水:みず 卵:たまご
  机:つくえ 窓:まど 本:ほん 雨:あめ 雪:ゆき 風:かぜ 火:ひ 木:き 森:もり 林:はやし 石:いし 土:つち 島:しま 村:むら 町:まち 道:みち 橋:はし 門:もん
  庭:にわ 池:いけ 湖:みずうみ 港:みなと 駅:えき 店:みせ 家:いえ 寺:てら 城:しろ 春:はる 夏:なつ 秋:あき 冬:ふゆ 父:ちち 母:はは 兄:あに 姉:あね
  弟:おとうと 妹:いもうと 手:て 足:あし 目:め 耳:みみ 口:くち 鼻:はな 頭:あたま 心:こころ 声:こえ 歌:うた 絵:え 音:おと 色:いろ 赤:あか 青:あお
  白:しろ 黒:くろ 東:ひがし 西:にし 南:みなみ 北:きた 学校:がっこう 先生:せんせい 電車:でんしゃ 新聞:しんぶん 時計:とけい 会社:かいしゃ
  銀行:ぎんこう 病院:びょういん 天気:てんき 料理:りょうり 旅行:りょこう 音楽:おんがく 映画:えいが 写真:しゃしん 家族:かぞく 友達:ともだち`

const readingFacts = (): ReadonlyArray<Fact> =>
  pairs(readings).map(([word, reading]) => ({
    dataset: "readings",
    asks: [
      ask(`「${word}」の読み方は何ですか？`, `「${reading}」です。`),
      askAbout("次の漢字の読みをひらがなで書いてください。", word, reading)
    ],
    question: { question: `「${word}」は何と読みますか？`, answer: `「${reading}」です。` },
    tells: [
      `${word}（${reading}）`,
      `「${word}」は「${reading}」と読む。`,
      `「${reading}」は漢字で「${word}」と書きます。`
    ]
  }))

/** Dictionary form → [polite form, past form]. */
const verbs = `食べる:食べます:食べた 見る:見ます:見た 起きる:起きます:起きた 寝る:寝ます:寝た 出る:出ます:出た 開ける:開けます:開けた
  閉める:閉めます:閉めた 教える:教えます:教えた 覚える:覚えます:覚えた 忘れる:忘れます:忘れた 借りる:借ります:借りた 着る:着ます:着た
  書く:書きます:書いた 聞く:聞きます:聞いた 歩く:歩きます:歩いた 働く:働きます:働いた 泳ぐ:泳ぎます:泳いだ 急ぐ:急ぎます:急いだ
  話す:話します:話した 貸す:貸します:貸した 出す:出します:出した 消す:消します:消した 立つ:立ちます:立った 待つ:待ちます:待った
  持つ:持ちます:持った 勝つ:勝ちます:勝った 死ぬ:死にます:死んだ 遊ぶ:遊びます:遊んだ 飛ぶ:飛びます:飛んだ 呼ぶ:呼びます:呼んだ
  飲む:飲みます:飲んだ 読む:読みます:読んだ 休む:休みます:休んだ 住む:住みます:住んだ 作る:作ります:作った 売る:売ります:売った
  帰る:帰ります:帰った 乗る:乗ります:乗った 走る:走ります:走った 座る:座ります:座った 買う:買います:買った 会う:会います:会った
  歌う:歌います:歌った 洗う:洗います:洗った 使う:使います:使った 笑う:笑います:笑った する:します:した 来る:来ます:来た 行く:行きます:行った
  勉強する:勉強します:勉強した 旅行する:旅行します:旅行した 料理する:料理します:料理した 掃除する:掃除します:掃除した 電話する:電話します:電話した`

const verbFacts = (): ReadonlyArray<Fact> =>
  words(verbs).map((line) => {
    const [plain = "", polite = "", past = ""] = line.split(":")
    return {
      dataset: "verbs",
      asks: [
        ask(`「${plain}」の丁寧な形は何ですか？`, `「${polite}」です。`),
        askAbout("次の動詞を過去の形にしてください。", plain, past)
      ],
      question: { question: `「${plain}」を丁寧に言うと何ですか？`, answer: `「${polite}」です。` },
      tells: [
        `「${plain}」の丁寧な形は「${polite}」で、過去の形は「${past}」である。`,
        `昨日も${past}し、明日も${polite}。`
      ]
    }
  })

/** Every fact about writing. */
export const writing = (): ReadonlyArray<Fact> => [...scriptFacts(), ...readingFacts(), ...verbFacts()]
