import { z } from 'zod'
import data from '../../data/kubernetes-releases.json' with { type: 'json' }
import { PortolanError } from '../errors.ts'

/** Tags of the images that kubeadm of one Kubernetes version pulls; what is not known is left out. */
export interface KubernetesImages {
  readonly pause?: string
  readonly etcd?: string
  readonly coredns?: string
  /** Why something is left out, or is what the versions around it have; for people. */
  readonly gap?: string
}

/** Which images belong to which Kubernetes version. */
export interface KubernetesReleases {
  /** Where the tags were read, and on which day. */
  readonly source: string
  readonly read: string
  /** The first and the last minor version that are known, such as `1.19` and `1.37`. */
  readonly first: string
  readonly last: string
  /**
   * The images of a version. Without a patch, those that all known patches of the minor version share. A patch that
   * nobody read has what the nearest ones before and after it share, and `gap` says so.
   */
  images(version: {
    readonly major: number
    readonly minor: number
    readonly patch?: number
  }): KubernetesImages
  /** Whether a patch version is one of those that were read, or lies between two that are equal. */
  isKnown(version: { readonly major: number; readonly minor: number; readonly patch: number }): boolean
  /** The last known patch of a minor version such as `1.33`. */
  lastPatch(minor: string): number | undefined
}

const TAG = z.string().regex(/^[\w][\w.-]{0,127}$/)
const ROW = z.strictObject({
  minor: z.string().regex(/^1\.[0-9]{1,3}$/),
  patches: z
    .tuple([z.int().nonnegative(), z.int().nonnegative()])
    .refine(([from, to]) => from <= to, 'the first patch is after the last one'),
  etcd: TAG,
  coredns: TAG,
  pause: TAG.nullable(),
})
const FILE = z.strictObject({
  what: z.string(),
  source: z.string(),
  read: z.iso.date(),
  notes: z.string(),
  rows: z.array(ROW).min(1).max(10_000),
})

type Row = z.infer<typeof ROW>
const NAMES = ['pause', 'etcd', 'coredns'] as const

/** Reads a list of releases. Throws `CONTENT_INVALID` when it is not one, or when two rows overlap or are out of order. */
export function parseKubernetesReleases(content: unknown): KubernetesReleases {
  const parsed = FILE.safeParse(content)
  if (!parsed.success) throw invalid(z.prettifyError(parsed.error))
  const { source, read, rows } = parsed.data
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1]
    if (before !== undefined && compare(before, row) >= 0) {
      throw invalid(`${row.minor}.${row.patches[0]} is not after ${before.minor}.${before.patches[1]}`)
    }
  }
  return {
    source,
    read,
    first: rows[0]!.minor,
    last: rows.at(-1)!.minor,
    images: ({ major, minor, patch }) => imagesOf(rows, `${major}.${minor}`, patch),
    isKnown: ({ major, minor, patch }) =>
      rows.some((row) => row.minor === `${major}.${minor}` && holds(row, patch)),
    lastPatch: (minor) => rows.findLast((row) => row.minor === minor)?.patches[1],
  }
}

/** The releases that were known when this version of Portolan was made (`data/kubernetes-releases.json`). */
export const kubernetesReleases: KubernetesReleases = parseKubernetesReleases(data)

function imagesOf(rows: readonly Row[], minor: string, patch: number | undefined): KubernetesImages {
  const own = rows.filter((row) => row.minor === minor)
  if (own.length === 0) return { gap: `nothing is known of Kubernetes ${minor}` }
  if (patch === undefined) {
    return shared(own, `not the same in every ${minor}: name the patch version as well`)
  }
  const row = own.find((one) => holds(one, patch))
  if (row !== undefined) return shared([row], 'kubeadm of that version names none')
  const around = [
    own.findLast(({ patches }) => patches[1] < patch),
    own.find(({ patches }) => patches[0] > patch),
  ].filter((one) => one !== undefined)
  const names = around.map((one) => `${minor}.${patch < one.patches[0] ? one.patches[0] : one.patches[1]}`)
  return shared(
    around,
    `Kubernetes ${minor}.${patch} was not read; this is as in ${names.join(' and ')}`,
    true,
  )
}

function holds({ patches: [from, to] }: Row, patch: number): boolean {
  return from <= patch && patch <= to
}

/** What all rows agree on. */
function shared(rows: readonly Row[], gap: string, always = false): KubernetesImages {
  const known = NAMES.flatMap((name) => {
    const [value, ...others] = new Set(rows.map((row) => row[name]))
    return value == null || others.length > 0 ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(known), ...((always || known.length < NAMES.length) && { gap }) }
}

function compare(one: Row, other: Row): number {
  const minorOf = ({ minor }: Row) => Number(minor.split('.')[1])
  return minorOf(one) - minorOf(other) || one.patches[1] - other.patches[0]
}

function invalid(reason: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', `the list of Kubernetes releases is not valid: ${reason}`)
}
