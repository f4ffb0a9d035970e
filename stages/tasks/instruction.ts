/** The sentence that opens every prompt of version 0.3. */
export const instructionDescription =
  "以下は、タスクを説明する指示と、文脈のある入力の組み合わせです。要求を適切に満たす応答を書きなさい。\n\n"
