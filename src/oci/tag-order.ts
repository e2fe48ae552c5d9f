/**
 * The order of tags in a list: byte by byte, so that capitals come before small letters. The spec's "lexical" (OCI
 * distribution spec 1.1, "Listing Tags") is read so by registries (distribution, zot) and by clients that merge lists.
 */
export function compareTags(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
