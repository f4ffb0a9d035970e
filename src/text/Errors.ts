/** The ways in which texts fail: malformed templates, tokenizers that cannot be read, texts that cannot be encoded. */
import * as Schema from "effect/Schema"

/** A brace without a partner, or a gap without a name. */
export class TemplateMalformed extends Schema.TaggedError<TemplateMalformed>()("TemplateMalformed", {
  source: Schema.String,
  position: Schema.Int,
  found: Schema.String
}) {
  override get message() {
    const around = this.source.slice(Math.max(0, this.position - 20), this.position + 20)
    return (
      `The template has a "${this.found}" with no partner or no name at character ${this.position}, near ` +
      `${JSON.stringify(around)}: write a column as {name} and a literal brace as {{ or }}.`
    )
  }
}

/** The text of `tokenizer.json`, or of a file beside it, is not what its name says. */
export class NotATokenizer extends Schema.TaggedError<NotATokenizer>()("NotATokenizer", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file} is not a tokenizer file: ${this.reason}. Expected the JSON that Hugging Face libraries write.`
  }
}

/** A tokenizer that is well formed, but of a kind or make-up that cannot be used. */
export class TokenizerUnsupported extends Schema.TaggedError<TokenizerUnsupported>()("TokenizerUnsupported", {
  reason: Schema.String
}) {
  override get message() {
    return `The tokenizer cannot be used: ${this.reason}.`
  }
}

/** A text that is not Unicode: UTF-16 with half of a surrogate pair. Python refuses to encode it as well. */
export class TextNotUnicode extends Schema.TaggedError<TextNotUnicode>()("TextNotUnicode", {
  index: Schema.Int,
  position: Schema.Int,
  text: Schema.String
}) {
  override get message() {
    const around = this.text.slice(Math.max(0, this.position - 20), this.position + 20)
    return (
      `Text ${this.index} of the batch has half of a surrogate pair at character ${this.position}, near ` +
      `${JSON.stringify(around)}: it is no Unicode text and has no tokens. Repair it or leave its row out.`
    )
  }
}

/** A thread that encoded texts ended before its time, for want of memory above all. */
export class ThreadLost extends Schema.TaggedError<ThreadLost>()("ThreadLost", { reason: Schema.String }) {
  override get message() {
    return `A thread that tokenizes was lost: ${this.reason}. Free memory, then run again.`
  }
}

export type TokenizerFailure = NotATokenizer | TokenizerUnsupported | TextNotUnicode | ThreadLost
