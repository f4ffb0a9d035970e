/** Things and the kind each belongs to, with the word that counts them. */
import { ask, askAbout, type Fact, pairs, words } from "./Fact.ts"

/** Kind of thing → its members; no member has two kinds. */
const kinds: Readonly<Record<string, string>> = {
  動物: "犬 猫 馬 牛 豚 羊 山羊 象 虎 熊 猿 狐 狸 鹿 兎 ライオン キリン パンダ コアラ カンガルー シマウマ カバ ゴリラ ラクダ リス",
  鳥: "雀 鳩 烏 鷹 鷲 鶴 鴨 白鳥 燕 鶯 ペンギン フクロウ ダチョウ クジャク カモメ インコ ニワトリ キジ ツグミ カワセミ",
  魚: "鮭 鯛 鮪 鰹 鯖 鰯 秋刀魚 鯉 鮎 鰻 ヒラメ カレイ フグ メダカ 金魚 タラ ニシン アジ サワラ ドジョウ",
  虫: "蝶 蝉 蟻 蜂 蚊 トンボ カブトムシ クワガタ バッタ コオロギ カマキリ ホタル テントウムシ ハエ スズムシ",
  果物: "りんご みかん ぶどう 桃 梨 柿 苺 バナナ メロン スイカ レモン オレンジ パイナップル マンゴー キウイ さくらんぼ いちじく びわ すもも 栗",
  野菜: "大根 人参 白菜 キャベツ トマト きゅうり なす ピーマン 玉ねぎ ほうれん草 ごぼう れんこん かぼちゃ レタス ネギ 小松菜 ブロッコリー セロリ オクラ カブ",
  花: "桜 梅 菊 薔薇 百合 蘭 椿 牡丹 朝顔 紫陽花 ひまわり チューリップ たんぽぽ すみれ コスモス カーネーション 水仙 あやめ",
  木: "松 杉 檜 楓 柳 竹 銀杏 樫 欅 白樺 ポプラ ブナ ケヤキ モミ クスノキ",
  飲み物: "水 お茶 紅茶 コーヒー 牛乳 ビール ワイン 日本酒 ジュース コーラ ココア 焼酎 麦茶 緑茶 サイダー",
  料理: "寿司 天ぷら うどん そば ラーメン カレー おにぎり 味噌汁 すき焼き 焼き鳥 オムライス ハンバーグ スパゲッティ ピザ 餃子 お好み焼き たこ焼き グラタン シチュー 牛丼",
  乗り物:
    "車 電車 自転車 バス 飛行機 船 新幹線 タクシー トラック オートバイ ヘリコプター 地下鉄 ボート ヨット 救急車 消防車 気球 馬車",
  楽器: "ピアノ ギター バイオリン フルート 太鼓 笛 琴 三味線 トランペット チェロ ドラム ハープ オルガン クラリネット ハーモニカ 木琴",
  スポーツ:
    "野球 サッカー 相撲 柔道 剣道 水泳 テニス 卓球 バレーボール バスケットボール ゴルフ スキー スケート ラグビー マラソン 空手 弓道 ボクシング",
  職業: "医者 教師 看護師 弁護士 警察官 消防士 農家 漁師 大工 料理人 歌手 画家 作家 記者 運転手 美容師 薬剤師 建築家 通訳 俳優",
  家具: "机 椅子 本棚 箪笥 ベッド ソファ テーブル 食器棚 鏡台 下駄箱 ベンチ 座卓",
  衣服: "シャツ ズボン スカート 着物 セーター コート 靴下 帽子 浴衣 ジャケット ワンピース 手袋 マフラー 下着 ベスト",
  文房具: "鉛筆 消しゴム 定規 ノート ボールペン はさみ のり 万年筆 コンパス 筆箱 クレヨン ホッチキス 付箋 色鉛筆",
  電化製品:
    "テレビ 冷蔵庫 洗濯機 掃除機 電子レンジ エアコン 扇風機 炊飯器 ラジオ パソコン ドライヤー トースター 電話機 加湿器",
  体の部分: "頭 顔 目 耳 鼻 口 首 肩 腕 手 指 胸 腹 背中 腰 足 膝 歯 舌 髪",
  色: "赤 青 黄色 緑 白 黒 紫 茶色 灰色 桃色 水色 金色 銀色 紺色 橙色",
  建物: "学校 病院 駅 図書館 寺 神社 城 工場 ホテル 郵便局 銀行 市役所 美術館 博物館 体育館 教会 旅館 倉庫",
  天気: "晴れ 雨 雪 曇り 雷雨 霧 嵐 みぞれ 小雨 大雪",
  家族: "父 母 兄 姉 弟 妹 祖父 祖母 おじ おば いとこ 孫",
  金属: "鉄 銅 アルミニウム 鉛 亜鉛 水銀 ニッケル チタン 錫 プラチナ"
}

/** Counter word → things it counts. */
const counters: Readonly<Record<string, string>> = {
  匹: "犬 猫 狐 狸 蟻 蝉 金魚 メダカ カエル ネズミ トンボ ハムスター 鯖 蝶",
  頭: "馬 牛 象 ライオン キリン クジラ ラクダ シマウマ",
  羽: "雀 鳩 烏 鶴 ペンギン 兎 白鳥 ニワトリ 燕",
  本: "鉛筆 傘 木 瓶 ネクタイ 大根 人参 バナナ 柱 ボールペン 映画 ろうそく 糸 きゅうり",
  枚: "紙 皿 シャツ 切手 写真 葉書 切符 タオル 板 地図 毛布 カード",
  冊: "本 ノート 雑誌 辞書 教科書 絵本 手帳 漫画",
  台: "車 自転車 テレビ 冷蔵庫 パソコン ピアノ バス カメラ 洗濯機 トラック",
  個: "りんご 卵 消しゴム 石 ボール みかん おにぎり 箱 トマト 桃",
  人: "学生 子供 先生 医者 大人 友達 客 男性 女性 看護師",
  足: "靴 靴下 草履 スリッパ 長靴 サンダル",
  軒: "家 店 喫茶店 旅館 本屋 パン屋",
  着: "スーツ ドレス 着物 コート 背広",
  通: "手紙 メール 電報 封書",
  杯: "ご飯 味噌汁 コーヒー お茶 ラーメン",
  機: "飛行機 ヘリコプター 戦闘機 グライダー",
  艘: "船 ボート ヨット 漁船"
}

const kindFacts = (): ReadonlyArray<Fact> =>
  Object.entries(kinds).flatMap(([kind, list]) => {
    const members = words(list)
    return members.map((thing, index) => {
      const friend = members[(index + 3) % members.length] ?? thing
      const other = members[(index + 7) % members.length] ?? thing
      return {
        dataset: "kinds",
        asks: [
          ask(`「${thing}」は何の種類ですか？`, `${kind}です。`),
          ask(`「${thing}」が何の種類かを答えてください。`, kind),
          askAbout("次の言葉の種類を答えてください。", thing, kind)
        ],
        question: { question: `「${thing}」の種類は何ですか？`, answer: `${kind}です。` },
        tells: [
          `${thing}は${kind}の一種である。`,
          `${kind}には、${thing}、${friend}、${other}などがある。`,
          `「${thing}」や「${friend}」は${kind}です。`
        ]
      }
    })
  })

const numerals = words("一 二 三 四 五 六 七 八 九 十")

const counterFacts = (): ReadonlyArray<Fact> =>
  Object.entries(counters).flatMap(([counter, list]) =>
    words(list).map((thing, index) => {
      const many = numerals[(index + 1) % numerals.length] ?? ""
      const more = numerals[(index + 4) % numerals.length] ?? ""
      return {
        dataset: "counters",
        asks: [
          ask(`「${thing}」はどう数えますか？`, `一${counter}、二${counter}と数えます。`),
          ask(`「${thing}」を数える言葉を答えてください。`, counter)
        ],
        question: { question: `「${thing}」の数え方は何ですか？`, answer: `一${counter}、二${counter}です。` },
        tells: [
          `${thing}は一${counter}、二${counter}と数える。`,
          `そこに${thing}が${many}${counter}ある。`,
          `${thing}を${more}${counter}見ました。`
        ]
      }
    })
  )

const opposites = `大きい:小さい 高い:低い 長い:短い 広い:狭い 太い:細い 厚い:薄い 重い:軽い 強い:弱い 速い:遅い 新しい:古い 多い:少ない
  明るい:暗い 暑い:寒い 熱い:冷たい 近い:遠い 深い:浅い 硬い:柔らかい 良い:悪い 難しい:易しい 嬉しい:悲しい 若い:老いた 甘い:辛い
  上:下 左:右 前:後ろ 内:外 東:西 北:南 朝:夜 男:女 天:地 表:裏 入口:出口 始まり:終わり 勝つ:負ける 開ける:閉める 買う:売る 押す:引く
  行く:帰る 乗る:降りる 起きる:寝る 着る:脱ぐ 増える:減る 進む:戻る 笑う:泣く 覚える:忘れる 借りる:貸す 生まれる:死ぬ 始める:終える
  つける:消す 立つ:座る 拾う:捨てる 上がる:下がる 教える:習う 賛成:反対 成功:失敗 安全:危険 便利:不便 簡単:複雑 有名:無名 過去:未来
  輸入:輸出 収入:支出 原因:結果 質問:回答 平和:戦争 理想:現実 全体:部分 最初:最後 男性:女性 増加:減少 上昇:下降 開始:終了 拡大:縮小
  直線:曲線 自然:人工 長所:短所 満足:不満 肯定:否定 出発:到着 縦:横 夏:冬 昼:夜中 都会:田舎 味方:敵 親切:不親切 幸福:不幸`

const oppositeFacts = (): ReadonlyArray<Fact> =>
  pairs(opposites).map(([left, right]) => ({
    dataset: "opposites",
    asks: [
      ask(`「${left}」の反対の言葉は何ですか？`, `「${right}」です。`),
      ask(`「${right}」の反対の言葉は何ですか？`, `「${left}」です。`),
      askAbout("次の言葉の反対の意味の言葉を答えてください。", left, right)
    ],
    question: { question: `「${left}」の反対は何ですか？`, answer: `「${right}」です。` },
    tells: [
      `「${left}」の反対は「${right}」で、「${right}」の反対は「${left}」である。`,
      `${left}と${right}は反対の意味の言葉です。`
    ]
  }))

/** Every fact about things and words for them. */
export const things = (): ReadonlyArray<Fact> => [...kindFacts(), ...counterFacts(), ...oppositeFacts()]
