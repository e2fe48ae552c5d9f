/** What a pull needs to know of a door's explanation of one request; whoever explains may say more. */
export interface ExplainedRequest {
  /** The path that was asked for. */
  readonly target: string
  readonly decision: {
    readonly kind: string
    /** Where the client is sent; absent when the door itself answers, or refuses. */
    readonly location?: string
  }
}

/** A door to ask about a pull by a client at one address. */
export interface PullSource<Explained extends ExplainedRequest> {
  /** Rejects with `USAGE` when the door would refuse such a path, and with `UNREACHABLE` when it cannot be asked. */
  explain(target: string): Promise<Explained>
  /** Sends a request where the door would send that client, from this machine. Rejects when nothing answers. */
  send(method: 'GET' | 'HEAD', explanation: Explained): Promise<Response>
  end(): void
}
