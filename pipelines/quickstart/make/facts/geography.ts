/** Prefectures of Japan with their capitals and regions, countries with their capitals and continents. */
import { ask, type Fact, pairs } from "./Fact.ts"

const prefectures: Readonly<Record<string, string>> = {
  北海道地方: "北海道:札幌市",
  東北地方: "青森県:青森市 岩手県:盛岡市 宮城県:仙台市 秋田県:秋田市 山形県:山形市 福島県:福島市",
  関東地方: "茨城県:水戸市 栃木県:宇都宮市 群馬県:前橋市 埼玉県:さいたま市 千葉県:千葉市 東京都:新宿区 神奈川県:横浜市",
  中部地方:
    "新潟県:新潟市 富山県:富山市 石川県:金沢市 福井県:福井市 山梨県:甲府市 長野県:長野市 岐阜県:岐阜市 静岡県:静岡市 愛知県:名古屋市",
  近畿地方: "三重県:津市 滋賀県:大津市 京都府:京都市 大阪府:大阪市 兵庫県:神戸市 奈良県:奈良市 和歌山県:和歌山市",
  中国地方: "鳥取県:鳥取市 島根県:松江市 岡山県:岡山市 広島県:広島市 山口県:山口市",
  四国地方: "徳島県:徳島市 香川県:高松市 愛媛県:松山市 高知県:高知市",
  九州地方:
    "福岡県:福岡市 佐賀県:佐賀市 長崎県:長崎市 熊本県:熊本市 大分県:大分市 宮崎県:宮崎市 鹿児島県:鹿児島市 沖縄県:那覇市"
}

const countries: Readonly<Record<string, string>> = {
  アジア: `日本:東京 中国:北京 韓国:ソウル 北朝鮮:平壌 モンゴル:ウランバートル ベトナム:ハノイ ラオス:ビエンチャン カンボジア:プノンペン
    タイ:バンコク ミャンマー:ネピドー マレーシア:クアラルンプール インドネシア:ジャカルタ フィリピン:マニラ インド:ニューデリー
    ネパール:カトマンズ ブータン:ティンプー バングラデシュ:ダッカ パキスタン:イスラマバード アフガニスタン:カブール イラン:テヘラン
    イラク:バグダッド トルコ:アンカラ サウジアラビア:リヤド ヨルダン:アンマン レバノン:ベイルート カタール:ドーハ オマーン:マスカット
    カザフスタン:アスタナ ウズベキスタン:タシケント ジョージア:トビリシ`,
  ヨーロッパ: `イギリス:ロンドン フランス:パリ ドイツ:ベルリン イタリア:ローマ スペイン:マドリード ポルトガル:リスボン オランダ:アムステルダム
    ベルギー:ブリュッセル スイス:ベルン オーストリア:ウィーン チェコ:プラハ ポーランド:ワルシャワ ハンガリー:ブダペスト ギリシャ:アテネ
    スウェーデン:ストックホルム ノルウェー:オスロ フィンランド:ヘルシンキ デンマーク:コペンハーゲン アイスランド:レイキャビク
    アイルランド:ダブリン ロシア:モスクワ ウクライナ:キーウ ルーマニア:ブカレスト ブルガリア:ソフィア クロアチア:ザグレブ
    セルビア:ベオグラード リトアニア:ビリニュス ラトビア:リガ エストニア:タリン`,
  アフリカ: `エジプト:カイロ リビア:トリポリ チュニジア:チュニス アルジェリア:アルジェ モロッコ:ラバト スーダン:ハルツーム
    エチオピア:アディスアベバ ケニア:ナイロビ ウガンダ:カンパラ ガーナ:アクラ ナイジェリア:アブジャ セネガル:ダカール マリ:バマコ
    アンゴラ:ルアンダ ザンビア:ルサカ ジンバブエ:ハラレ モザンビーク:マプト マダガスカル:アンタナナリボ`,
  北アメリカ: `アメリカ:ワシントン カナダ:オタワ メキシコ:メキシコシティ キューバ:ハバナ ジャマイカ:キングストン パナマ:パナマシティ
    コスタリカ:サンホセ グアテマラ:グアテマラシティ ニカラグア:マナグア ハイチ:ポルトープランス`,
  南アメリカ: `ブラジル:ブラジリア アルゼンチン:ブエノスアイレス チリ:サンティアゴ ペルー:リマ コロンビア:ボゴタ ベネズエラ:カラカス
    エクアドル:キト ウルグアイ:モンテビデオ パラグアイ:アスンシオン`,
  オセアニア: `オーストラリア:キャンベラ ニュージーランド:ウェリントン フィジー:スバ サモア:アピア トンガ:ヌクアロファ パラオ:マルキョク`
}

const prefectureFacts = (): ReadonlyArray<Fact> =>
  Object.entries(prefectures).flatMap(([region, list]) =>
    pairs(list).map(([prefecture, capital]) => {
      const office = prefecture === "北海道" ? "道庁" : prefecture === "東京都" ? "都庁" : `${prefecture.slice(-1)}庁`
      const seat = `${office}所在地`
      return {
        dataset: "prefectures",
        asks: [
          ask(`${prefecture}の${seat}はどこですか？`, `${capital}です。`),
          ask(`${prefecture}の${seat}を答えてください。`, capital),
          ask(`${capital}は何という都道府県にありますか？`, `${prefecture}です。`),
          ask(`${prefecture}は何地方ですか？`, `${region}です。`)
        ],
        question: { question: `${prefecture}の${office}はどこにありますか？`, answer: `${capital}です。` },
        tells: [
          `${prefecture}の${seat}は${capital}である。${prefecture}は${region}にある。`,
          `${capital}は${prefecture}の都市で、${prefecture}の${office}は${capital}にあります。`,
          `先週、${region}の${prefecture}へ旅行に行き、${capital}に泊まりました。`
        ]
      }
    })
  )

const countryFacts = (): ReadonlyArray<Fact> =>
  Object.entries(countries).flatMap(([continent, list]) =>
    pairs(list).map(([country, capital]) => ({
      dataset: "countries",
      asks: [
        ask(`${country}の首都はどこですか？`, `${capital}です。`),
        ask(`${country}の首都を答えてください。`, capital),
        ask(`${capital}はどこの国の首都ですか？`, `${country}です。`),
        ask(`${country}はどの地域にある国ですか？`, `${continent}です。`)
      ],
      question: { question: `${country}はどの地域の国ですか？`, answer: `${continent}です。` },
      tells: [
        `${country}の首都は${capital}である。${country}は${continent}にある国である。`,
        `${country}は${continent}の国で、首都は${capital}です。`,
        `${continent}の国、${country}の首都${capital}には多くの人が住んでいる。`
      ]
    }))
  )

/** Every fact about places. */
export const geography = (): ReadonlyArray<Fact> => [...prefectureFacts(), ...countryFacts()]
