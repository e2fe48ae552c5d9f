import type { DoorRequest } from '../../server/request.ts'

/** What a door needs of a request of `node:http`; declared here, so that whoever embeds one needs no types of Node's. */
export interface NodeIncoming {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly rawHeaders: readonly string[]
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** A request of `node:http` as a door sees it. */
export class NodeRequest implements DoorRequest {
  readonly #incoming: NodeIncoming
  readonly method: string
  readonly target: string
  readonly peer: string

  constructor(incoming: NodeIncoming, peer: string) {
    this.#incoming = incoming
    this.method = incoming.method ?? ''
    this.target = incoming.url ?? ''
    this.peer = peer
  }

  /** Reads the raw list: Node's `headers` object costs more than a redirect does, and drops some duplicates. */
  header(name: string): string | undefined {
    const raw = this.#incoming.rawHeaders
    let found: string | undefined
    for (let index = 0; index < raw.length; index += 2) {
      const key = raw[index]!
      if (key.length !== name.length || key.toLowerCase() !== name) continue
      const value = raw[index + 1]!
      found = found === undefined ? value : `${found}, ${value}`
    }
    return found
  }
}
