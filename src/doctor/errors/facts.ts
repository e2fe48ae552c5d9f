import type { Match } from './pattern.ts'
import { redact } from './redact.ts'

/** What a message names. Nothing here can be more than a word of a command line: it is typed by who reads it. */
export interface Facts {
  /** The host that did not do what it should; without a port. */
  readonly host?: string
  readonly port?: number
  readonly image?: string
  /** What was asked for, without its query. */
  readonly url?: string
  /** Which part of a registry that is. */
  readonly asked?: 'ping' | 'manifest' | 'blob' | 'token' | 'tags' | 'other'
  /** The address that was spoken to, with its port. */
  readonly address?: string
  /** The proxy or name server that is meant, instead of the host. */
  readonly via?: string
  /** What pulls, such as `containerd`. */
  readonly runtime?: string
  /** What systemd starts it as, such as `k3s`. */
  readonly unit?: string
  readonly status?: number
  readonly digest?: string
}

const URLS = /\bhttps?:\/\/[^\s"'<>\\]{1,2048}/g
/** Of a URL without its query; what a shell would take for more is no part of it. */
const SAFE_URL = /^https?:\/\/[\w.-]+(?::\d{1,5})?(?:\/[\w./:@%+~,=-]*)?$/
const NAMED = [
  /\b(?:image|reference|manifest|source registry for|pulling from host [\w.:-]{1,300}[^"]{0,80}) "([^"\s]{1,512})"/,
  /\bdocker:\/\/([\w./:@+-]{1,512})/,
  /\b((?:[\w-]{1,63}\.)+[\w-]{1,63}(?::\d{1,5})?\/[\w./-]{1,300}(?::[\w.-]{1,128}|@sha256:[\da-f]{64}))/,
  /\bdenied for ([\w./:@-]{1,512}),/,
  /\bmanifest for ([\w./:@-]{1,512}) not found/,
]
/** A reference of any form, of characters that mean nothing to a shell. */
const SAFE_IMAGE =
  /^[a-z0-9][\w.-]*(?::\d{1,5}(?=\/))?(?:\/[\w.-]+)*(?::[\w.-]{1,128})?(?:@[a-z0-9]+:[\da-f]{32,128})?$/i
const SAFE_HOST = /^[a-z0-9](?:[\w.-]{0,253}[a-z0-9])?$/i
/** As containerd's log names it. */
const LOGGED = /\shost="?([\w.-]{1,255})/
const STATUS = /\b([45]\d\d) (?:\(?[A-Z][a-z]+|[a-z]+ )/

/** Reads what a line says around a match, or about itself where there is none. */
export function readFacts(line: string, match?: Match): Facts {
  const found = match?.found ?? {}
  const url = parseUrl(found.url) ?? nearestUrl(line, match)
  const image = imageOf(line, url)
  const registry = image?.includes('/') ? splitHost(image.split('/')[0]!) : undefined
  const own = found.host === undefined ? undefined : splitHost(found.host)
  const host =
    own?.host ?? url?.hostname ?? (isRegistry(registry?.host) ? registry?.host : LOGGED.exec(line)?.[1])
  const port = portOf(url, own?.host) ?? registry?.port
  const via = found.proxy ?? found.server
  const { address } = found
  const status = found.status ?? STATUS.exec(line)?.[1]
  return {
    ...(host !== undefined && SAFE_HOST.test(host) && { host }),
    ...(port !== undefined && { port }),
    ...(image !== undefined && { image }),
    ...(url !== undefined && { url: plainUrl(url), asked: askedOf(url.pathname) }),
    ...(address !== undefined && { address }),
    ...(via !== undefined && { via }),
    ...(status !== undefined && { status: Number(status) }),
    ...(found.digest !== undefined && { digest: found.digest }),
  }
}

/**
 * The last one before the match, since messages go from the outside in; else one of a registry behind it. Others behind
 * it give advice.
 */
function nearestUrl(line: string, match?: Match): URL | undefined {
  const urls = [...line.matchAll(URLS)]
  const before = urls.filter(({ index }) => index < (match?.start ?? line.length)).at(-1)
  const behind = urls.find(([url]) => /\/(?:v2|token)\b/.test(url))
  return parseUrl((before ?? behind)?.[0])
}

function parseUrl(text: string | undefined): URL | undefined {
  const trimmed = text?.replace(/[),.:;\]}]+$/, '')
  return trimmed !== undefined && /^https?:/.test(trimmed) ? (URL.parse(trimmed) ?? undefined) : undefined
}

function plainUrl({ origin, pathname }: URL): string {
  const plain = redact(`${origin}${pathname}`)
  return SAFE_URL.test(plain) ? plain : origin
}

function imageOf(line: string, url: URL | undefined): string | undefined {
  const text = line.replace(URLS, ' ')
  for (const pattern of NAMED) {
    const image = pattern.exec(text)?.[1]?.replace(/[.:]+$/, '')
    if (image !== undefined && SAFE_IMAGE.test(image)) return image
  }
  const [, name, kind, reference] =
    /^\/v2\/([\w./-]{1,300})\/(manifests)\/([\w.:-]{1,200})$/.exec(url?.pathname ?? '') ?? []
  if (kind === undefined) return undefined
  return `${url!.host}/${name}${reference!.includes(':') ? '@' : ':'}${reference}`
}

function splitHost(text: string): { readonly host: string; readonly port?: number } {
  const [, host = text, port] = /^(.*):(\d{1,5})$/.exec(text) ?? []
  return { host, ...(port !== undefined && { port: Number(port) }) }
}

/** What stands before the first slash is a registry if it looks like a host, as docker has it. */
function isRegistry(host: string | undefined): boolean {
  return host !== undefined && (host.includes('.') || host === 'localhost')
}

function portOf(url: URL | undefined, own: string | undefined): number | undefined {
  if (url === undefined || (own !== undefined && own !== url.hostname)) return undefined
  return url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : Number(url.port)
}

function askedOf(path: string): NonNullable<Facts['asked']> {
  if (path.includes('/manifests/')) return 'manifest'
  if (path.includes('/blobs/')) return 'blob'
  if (path.endsWith('/tags/list')) return 'tags'
  if (/\/v2\/?$/.test(path)) return 'ping'
  return /token|auth/.test(path) ? 'token' : 'other'
}
