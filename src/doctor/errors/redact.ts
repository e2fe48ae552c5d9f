/** What stands where a secret stood. */
export const HIDDEN = '…'

/** Parameters of a URL whose values say what was asked for, and nothing that lets anybody in. */
const HARMLESS = ['ns', 'n', 'last', 'digest', 'mount', 'from', 'service', 'scope', 'artifactType']

const QUERY = /\?[^\s"'<>]{1,8192}/g

const PASSWORD =
  'pass(?:word|wd|phrase)?|secret|(?:secret[_-]?)?(?:access|api|private)[_-]?key|client[_-]?secret'
const TOKEN = '(?:[a-z]{2,16}[_-]?)?tokens?|auth|creds|credentials?|signature|sig'

/** Each keeps what stands before the secret, by which people know what it was. */
const SECRETS: readonly RegExp[] = [
  // The login of a URL.
  /(:\/\/)[^\s/@"'<>]{1,512}(?=@)/g,
  // The login of what has no scheme; `NAME:TAG@sha256:…` is none.
  /((?<![\w.~%+/-]))[\w.~%+-]{1,128}:[^\s/@"'<>:]{1,512}(?=@[\w[])(?!@(?:sha\d{3}:|[a-z0-9]{1,20}:[\da-f]{32}))/g,
  // Whole headers.
  /(\b(?:(?:proxy-)?authorization|(?:set-)?cookie|x-amz-security-token|x-registry-auth)["']?\s?[:=]\s?\[?["']?)[^"'\r\n\]]{1,4096}/gi,
  // What logs in, wherever it stands.
  /(\b(?:bearer|basic|negotiate|ntlm)[ :=])[\w.~+/=-]{8,4096}(?![\w.~+/=-]|="?)/gi,
  // `password=…`, `"token":"…"`, `X-Amz-Signature=…`
  new RegExp(String.raw`((?:${PASSWORD}|${TOKEN})["']?(?:=|["']\s?:)\s?["']?)[^\s"',;&}<>]{1,8192}`, 'gi'),
  new RegExp(String.raw`((?<![\w/])(?:${PASSWORD}):\s?["']?)[^\s"',;&}<>]{1,8192}`, 'gi'),
  // In prose, "token: unexpected status" is none.
  new RegExp(String.raw`(\b(?:${TOKEN}):\s?["']?)(?=[^\s\d]{0,200}\d)[\w.~+/=-]{16,8192}`, 'gi'),
  // Of a command line.
  new RegExp(
    String.raw`(\s--?(?:[a-z]{2,10}-)?(?:${PASSWORD}|${TOKEN}|user|u|p)[ =]["']?)[^\s"'-][^\s"']{2,4096}`,
    'gi',
  ),
  // JSON web tokens, and what clouds and forges give out.
  /(\b)eyJ[\w-]{6,4096}(?:\.[\w-]{0,4096}){1,2}/g,
  /(\b)(?:(?:AKIA|ASIA)[A-Z0-9]{12,20}|(?:gh[opsur]_|github_pat_|glpat-|dckr_(?:pat|oat)_|xox[abp]-|npm_|ya29\.)[\w-]{10,1024})/g,
]

/** A text without what would let its reader in: logins, the signatures of links, tokens, passwords, cookies. */
export function redact(text: string): string {
  return SECRETS.reduce(
    (kept, secret) => kept.replace(secret, `$1${HIDDEN}`),
    text.replace(QUERY, redactQuery),
  )
}

function redactQuery(query: string): string {
  const parameters = query.slice(1).split('&')
  const kept = parameters.filter((parameter) => HARMLESS.includes(parameter.split('=')[0]!))
  return `?${[...kept, ...(kept.length < parameters.length ? [HIDDEN] : [])].join('&')}`
}
