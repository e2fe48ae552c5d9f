/** Clients are of a network that no cloud has, one after the other: nobody comes back, which would be a retry. */
export const NETWORK = '240.0.0.0/12'
/** An address of that network. */
export const CLIENT = '240.0.0.1'
/** Of so many requests one is for a blob that nobody has asked for, where some are. */
const NEW_EVERY = 100

export const pathOf = (digest: string) => `/v2/kube-apiserver/blobs/${digest}`

export interface Requests {
  /** What follows the client's address in `X-Forwarded-For`: the balancers that passed it on. */
  readonly via?: string
  /** Whether one of a hundred is for a blob that nobody has asked for, which the store has. */
  readonly someNew?: boolean
}

/** What wrk sends, as Lua: each blob once for each client, as nodes that come up together would ask. */
export function formatScript(digests: readonly string[], { via = '', someNew = false }: Requests): string {
  const start = (path: string) => `GET ${path} HTTP/1.1\r\nX-Forwarded-For: 240.`
  const before = digests.map((digest) => JSON.stringify(start(pathOf(digest))))
  const [beforeNew, afterNew] = start(pathOf('sha256:DIGEST')).split('DIGEST')
  const after = JSON.stringify(
    `${via}\r\nHost: registry.test\r\nUser-Agent: containerd/2.0.0\r\n` +
      'Accept: application/vnd.oci.image.layer.v1.tar+gzip, */*\r\nAccept-Encoding: gzip\r\n\r\n',
  )
  const select = someNew
    ? `count % ${NEW_EVERY} == 0 and ${JSON.stringify(beforeNew)} .. string.format("%064x", count) .. ${JSON.stringify(afterNew)} or `
    : ''
  return `local before, after, count = { ${before.join(', ')} }, ${after}, 0
function init(args) count = tonumber(args[1]) end
function request()
  count = count + 1
  local client = math.floor(count / ${digests.length})
  local address = math.floor(client / 65536) % 16 .. "." .. math.floor(client / 256) % 256 .. "." .. client % 256
  return (${select}before[count % ${digests.length} + 1]) .. address .. after
end
`
}
