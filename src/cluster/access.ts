import type { Fetch } from '../runtime.ts'

/** A cluster and who asks it, as a kubeconfig names them. */
export interface ClusterAccess {
  readonly context: string
  /** The URL of its API server. */
  readonly server: string
  /** Empty for nobody. */
  readonly user: string
  /** The context's own. */
  readonly namespace: string
}

/** A way to talk to a cluster, lent by whoever has its certificates and credentials. */
export interface ClusterConnection {
  /**
   * Gets the credential, anew when it has expired: to be called before each question. Rejects with `UNREACHABLE`
   * when there is none to be had.
   */
  prepare(): Promise<void>
  /** Sends a GET request with the credential; rejects with what the socket says. */
  readonly fetch: Fetch
}
