import { type Refusal, refused } from './refusal.ts'

const URL_MAX = 2048

/** Reads the URL of a backend: origin and path, the slash at its end dropped. */
export function readBackendUrl(text: string): string | Refusal {
  const url = readUrl(text)
  if (!(url instanceof URL)) return url
  // `search` and `hash` are empty for a bare "?" or "#".
  if (text.includes('?')) return refused('must be a URL without a query ("?…")')
  if (text.includes('#')) return refused('must be a URL without a fragment ("#…")')
  return url.origin + url.pathname.replace(/\/+$/, '')
}

/** Reads the URL of a page for people, kept as it is. */
export function readPageUrl(text: string): string | Refusal {
  const url = readUrl(text)
  return url instanceof URL ? url.href : url
}

function readUrl(text: string): URL | Refusal {
  if (text.length > URL_MAX) return refused(`must be a URL of at most ${URL_MAX} characters`)
  // A URL parser drops or rewrites these without a word.
  if (/[\s\p{Cc}\\]/u.test(text))
    return refused('must be a URL without spaces, control characters and backslashes')
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return refused('must be an http or https URL')
  const url = new URL(text)
  // Credentials in a redirect would be handed to every client.
  if (url.username !== '' || url.password !== '')
    return refused('must be a URL without credentials ("user:password@")')
  return url
}
