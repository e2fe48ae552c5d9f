import { FAULTS, type Fault } from '../../support/misbehaving.ts'

/** A name that resolves nowhere cannot be made to resolve for a while, so it has one script of its own. */
export type RowFault = Fault | 'name that does not resolve'

export type Script = 'all the time' | 'starts while serving' | 'comes and goes'

/** What a client asks for again and again: blobs, of a store; a tag and a manifest by digest in turn, of an upstream. */
export type Asked = 'blob' | 'manifest'

/** One fault of one backend, over time. */
export interface Row {
  readonly id: string
  readonly asked: Asked
  readonly fault: RowFault
  readonly script: Script
  /** Clients of this prefix prefer this row's backend. */
  readonly network: string
}

const SCRIPTS: readonly Script[] = ['all the time', 'starts while serving', 'comes and goes']

/** What damages bytes or ranges, which a manifest that is fetched whole does not notice. */
const BLOBS_ONLY: readonly Fault[] = ['Range ignored', 'Range answered 400']

/** Every fault × every script, for stores and for upstreams. */
export function healthRows(withCertificates: boolean): Row[] {
  const rows: Omit<Row, 'id' | 'network'>[] = []
  for (const asked of ['blob', 'manifest'] as const) {
    for (const fault of FAULTS) {
      if (asked === 'manifest' && BLOBS_ONLY.includes(fault)) continue
      if (fault === 'expired certificate' && !withCertificates) continue
      for (const script of SCRIPTS) rows.push({ asked, fault, script })
    }
    rows.push({ asked, fault: 'name that does not resolve', script: 'all the time' })
  }
  return rows.map((row, index) => ({ ...row, id: `row-${index}`, network: `10.1.${index}` }))
}
