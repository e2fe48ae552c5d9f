/**
 * The order of tags in a list. OCI distribution spec 1.1, "Listing Tags": lexical, without regard to case; tags that
 * differ in case alone are told apart, so that a page can start after any of them.
 */
export function compareTags(a: string, b: string): number {
  return compare(a.toLowerCase(), b.toLowerCase()) || compare(a, b)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
