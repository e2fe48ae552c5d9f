import { parseListenAddress } from './listen-address.ts'

/** The host of a registry as references name it, with its port where it has one, in lower case; `undefined` for none. */
export function readRegistryHost(text: string): string | undefined {
  const address = parseListenAddress(/:[0-9]+$/.test(text) && !text.endsWith(']') ? text : `${text}:443`)
  return address === undefined || address.host === '' ? undefined : text.toLowerCase()
}
