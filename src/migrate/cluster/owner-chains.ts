/** Longer chains of owners than this are circles. */
const CHAIN_MAX = 8
/** Beyond so many, chains end lower: what is found is said of what is there. */
const LINKS_MAX = 1_000_000

/** Who controls whom in a cluster, by keys such as `ReplicaSet/shop/web-5d`. */
export class OwnerChains {
  readonly #controllers = new Map<string, string>()
  /** Kinds whose objects are in no namespace: what they control names them without knowing it. */
  readonly #clusterWide = new Set<string>()

  add(key: string, controller: string): void {
    if (this.#controllers.size < LINKS_MAX) this.#controllers.set(key, controller)
  }

  addClusterWide(kind: string): void {
    this.#clusterWide.add(kind)
  }

  merge(part: OwnerChains): void {
    for (const [key, controller] of part.#controllers) this.add(key, controller)
    for (const kind of part.#clusterWide) this.addClusterWide(kind)
  }

  /** From one to the top of its chain, itself included. */
  of(owner: string): readonly string[] {
    const chain = [this.#own(owner)]
    for (
      let above = this.#controllers.get(owner);
      above !== undefined && chain.length < CHAIN_MAX;
      above = this.#controllers.get(above)
    ) {
      chain.push(this.#own(above))
    }
    return chain
  }

  #own(key: string): string {
    const [kind = '', ...names] = key.split('/')
    return names.length > 1 && this.#clusterWide.has(kind) ? `${kind}/${names.at(-1)}` : key
  }
}
