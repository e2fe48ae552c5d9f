import type { Config } from './config.ts'
import type { ConfigPath, Remark } from './fault.ts'

/** Says where passwords can be read on their way, or are asked of nobody; `isLoopback` says whether a host is this machine. */
export function* warnOfLogins(
  { clients, tls, listen, registries, upstreams }: Config,
  isLoopback: (host: string) => boolean,
): Iterable<Remark> {
  const path: ConfigPath = ['clients', 'htpasswd']
  if (clients.htpasswd !== undefined && registries.every((registry) => registry.public)) {
    yield { path, message: 'asks nobody, since every registry is public' }
  } else if (
    clients.htpasswd !== undefined &&
    tls === undefined &&
    clients.trustedProxies.length === 0 &&
    !isLoopback(listen.host)
  ) {
    const message =
      'has passwords go over the network as they are: set tls, or name in clients.trustedProxies the proxy that speaks it'
    yield { path, message }
  }
  for (const [index, { url, credentials, fill }] of upstreams.entries()) {
    const logins = [
      { steps: ['credentials'], url, credentials },
      { steps: ['fill', 'registry', 'credentials'], ...fill },
    ]
    for (const login of logins) {
      if (login.credentials === undefined || login.url === undefined) continue
      const { protocol, hostname } = new URL(login.url)
      if (protocol === 'https:' || isLoopback(hostname)) continue
      const message = 'has the login go over the network as it is: the upstream is asked over http'
      yield { path: ['upstreams', index, ...login.steps], message }
    }
  }
}
