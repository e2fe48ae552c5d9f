import type { Layer } from './fetch.ts'

/** Says who asks, so that whoever runs the other side can tell our probes from pulls. */
export function withUserAgent(userAgent: string): Layer {
  return (next) => (url, init) => {
    const headers = new Headers(init.headers)
    headers.set('User-Agent', userAgent)
    return next(url, { ...init, headers })
  }
}
