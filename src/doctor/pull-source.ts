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
  /** Gets from this machine what is where the door would send that client, or a part. Rejects when nothing answers. */
  get(explanation: Explained, range?: string): Promise<Response>
  /** The hosts of the registries that it answers for, where it is a mirror: a pull says which one it means. */
  readonly registries?: readonly string[]
  /** Whether nobody is to be asked: then what lies on no disk of our own is not had. */
  readonly offline?: boolean
  end(): void
}
