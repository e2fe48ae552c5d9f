/** A mirror's URL in its parts, as containerd reads it. */
export interface HostUrl {
  readonly scheme: string
  /** With its port. */
  readonly host: string
  /** As it is written; '' when there is none. */
  readonly path: string
}

const URL_FORM = /^(https?):\/\/([^/?#\s]+)(\/[^?#\s]*)?$/

/** Reads the URL of a mirror; `undefined` when it is none, such as one without a scheme. */
export function readHostUrl(text: string): HostUrl | undefined {
  const [, scheme, host, path = ''] = URL_FORM.exec(text) ?? []
  return scheme === undefined || host === undefined
    ? undefined
    : { scheme, host, path: path.replace(/\/+$/, '') }
}

/** A path that goes through `/v2` and on is an API root already, to which another `/v2` must not be added. */
export function isBelowApi(path: string): boolean {
  return /^\/v2\/./.test(path)
}

/** A name of a registry, as references begin with it: `HOST` or `HOST:PORT`, without a scheme or a path. */
export function isRegistryName(text: string): boolean {
  return /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[0-9]{1,5})?$/.test(text)
}

/** Why a text is no name of a registry. */
export function registryNameFault(text: string): string {
  if (/^[a-z]+:\/\//i.test(text)) return 'names have no scheme'
  if (text.includes('/')) return 'a registry is told by its host alone, without a path'
  if (text !== text.toLowerCase()) return 'references have hosts in lower case'
  return 'it is no HOST or HOST:PORT'
}
