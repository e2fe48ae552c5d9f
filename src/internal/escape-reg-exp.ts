/** A text as a regular expression that matches it: `RegExp.escape`, which Node 22 has not. Not for within `[…]`. */
export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
}
