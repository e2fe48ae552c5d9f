/** A page where an answer of a service should be: nothing else says text/html. */
export function isPage(contentType: string | null | undefined): boolean {
  return /^\s*text\/html\b/i.test(contentType ?? '')
}

/** What to do about a page. */
export const PAGE_ADVICE =
  'it answers with a page of HTML, of a proxy, a website or one to log in: check the endpoint, and the proxy on the way'

/** What to do about a place that is full; some services say 403 to it. */
export const QUOTA_ADVICE = 'that is its quota, not a missing permission: raise it, or delete something'

/** Whether a service's own words say that it is full. */
export function speaksOfQuota(...words: readonly (string | undefined)[]): boolean {
  return words.some((each) => /quota|storage ?(?:cap|full)|insufficient ?storage/i.test(each ?? ''))
}
