import type { UpstreamConfig } from '../config/config.ts'

/**
 * What copies an image, as `NAME:TAG`, from where the content of an old name lies to the canonical upstream; `undefined`
 * where that is no registry that can be pushed to.
 */
export function copyCommand(
  image: string,
  from: string,
  { url, prefix }: UpstreamConfig,
): string | undefined {
  if (url === undefined) return undefined
  const source = /^(?:oci|bundle):/.test(from) ? `${from}:${image}` : `${withoutScheme(from)}/${image}`
  const place = [withoutScheme(url), prefix].filter((part) => part !== '').join('/')
  return `portolan copy ${source} ${place}/${image}`
}

function withoutScheme(url: string): string {
  return url.replace(/^[a-z]+:\/\//i, '').replace(/\/+$/, '')
}
