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
