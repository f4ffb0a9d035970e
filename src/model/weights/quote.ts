/** Texts found in a file, as messages show them: in quotes, and never longer than a line. */
export const quote = (text: string): string => JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
