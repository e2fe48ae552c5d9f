import cloudAsns from '../../data/cloud-asns.json' with { type: 'json' }

const clouds: ReadonlyMap<number, string> = new Map(cloudAsns.asns.map(({ asn, cloud }) => [asn, cloud]))

/** The cloud whose customers are behind an autonomous system; `undefined` for any other network. */
export function cloudOfAsn(asn: number): string | undefined {
  return clouds.get(asn)
}
