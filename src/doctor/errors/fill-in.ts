import type { Cause } from './cause.ts'
import type { Facts } from './facts.ts'

/** In a sentence, for what an error does not name. */
const UNNAMED: Readonly<Record<string, string>> = {
  host: 'the registry',
  image: 'the image',
  runtime: 'the runtime',
}

/** A cause with what an error names in its places; what it does not name stands in capitals in what to type. */
export function fillIn(
  cause: Cause,
  { host, port = 443, image, url, address, via, runtime, unit }: Facts,
): Cause {
  const values: Readonly<Record<string, string | undefined>> = {
    ...{ host, image, url, runtime, unit, port: String(port) },
    server: via === undefined ? undefined : bare(via),
    name: image === undefined ? undefined : nameOf(image),
    address: address === undefined ? undefined : bare(address),
  }
  const fill = (text: string, absent: (key: string) => string) =>
    text.replace(/\{([a-z]+)\}/g, (_, key: string) => values[key] ?? absent(key))
  const say = (text: string) => fill(text, (key) => UNNAMED[key] ?? key)
  return {
    ...cause,
    is: say(cause.is),
    because: cause.because.map(say),
    try: cause.try.map((text) => fill(text, (key) => key.toUpperCase())),
  }
}

/** An address without its port. */
function bare(address: string): string {
  const [, inner] = /^\[(.*)\](?::\d+)?$/.exec(address) ?? []
  return inner ?? address.replace(/^([^:]*):\d+$/, '$1')
}

/** `team/app` of `registry.example/team/app:1.0`. */
function nameOf(image: string): string {
  return image
    .replace(/@.*$/, '')
    .replace(/:[\w.-]*$/, '')
    .replace(/^[^/]*[.:][^/]*\/|^localhost\//, '')
}
