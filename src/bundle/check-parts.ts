import type { Digest } from '../oci/digest.ts'
import type { BundleFault } from './bundle-fault.ts'
import { headerOf, paddedEnd } from './bundle-head.ts'
import { ByteReader } from './byte-reader.ts'
import { type BundleContent, partName } from './form.ts'
import type { OpenedBundle } from './open-bundle.ts'

/** What the files of a bundle are found to be without all of their bytes. */
export interface CheckedParts {
  readonly faults: readonly BundleFault[]
  /** Numbers of parts that are not there, or have another length than they must have. */
  readonly unusable: ReadonlySet<number>
}

/** Digests that one sentence names. */
const NAMED = 3
/** Parts that are looked for in each other's place: where more are wrong, it is not their order. */
const MISPLACED_MAX = 32

/** Says which parts of a bundle are missing, of another length, in each other's place, or none of it. */
export async function checkParts(bundle: OpenedBundle, signal?: AbortSignal): Promise<CheckedParts> {
  const { sizes } = bundle.parts.files
  const expected = expectedSizes(bundle)
  const faults: BundleFault[] = []
  const unusable = new Set<number>()
  const add = (number: number, message: string) => faults.push({ parts: [partName(number)], message })
  for (const [number, size] of expected) {
    const found = sizes.get(number)
    if (found === size) continue
    unusable.add(number)
    const lying = nameAll(contentsIn(bundle, number))
    if (found === undefined) add(number, `it is missing; in it lie ${lying}`)
    else add(number, `it has ${found} bytes; expected ${size}; in it lie ${lying}`)
  }
  for (const number of sizes.keys())
    if (!expected.has(number)) add(number, 'it is no part of this bundle, which has fewer')
  for (const fault of await findMisplaced(bundle, expected, unusable, signal)) faults.push(fault)
  return { faults, unusable }
}

/** By number: how many bytes each part must have. */
function expectedSizes({ index: { length, partSize } }: OpenedBundle): ReadonlyMap<number, number> {
  const each = partSize ?? length
  const count = Math.ceil(length / each)
  return new Map(
    Array.from({ length: count }, (_, index) => [index + 1, Math.min(each, length - index * each)]),
  )
}

/**
 * A part that holds what belongs into another one: by the first header in it, since no two contents have the same. One
 * that lies within a single blob has none, and is told by the blob's digest.
 */
async function findMisplaced(
  bundle: OpenedBundle,
  expected: ReadonlyMap<number, number>,
  unusable: ReadonlySet<number>,
  signal: AbortSignal | undefined,
): Promise<readonly BundleFault[]> {
  const firsts = firstHeaders(bundle)
  const faults: BundleFault[] = []
  let wrong = 0
  for (const number of expected.keys()) {
    if (unusable.has(number) || !firsts.has(number)) continue
    if (await isIn(bundle, number, firsts.get(number)!, signal)) continue
    if (++wrong > MISPLACED_MAX) break
    for (const [other, first] of firsts) {
      if (other === number || !(await isIn(bundle, number, first, signal))) continue
      const message = `it holds what belongs into ${partName(other)}: the parts are in a wrong order`
      faults.push({ parts: [partName(number)], message })
      break
    }
  }
  return faults
}

/** By part: the first header that lies whole in it, and where. */
function firstHeaders({ index, parts }: OpenedBundle) {
  const firsts = new Map<number, { readonly start: number; readonly header: Uint8Array }>()
  for (const content of index.contents) {
    const header = headerOf(content)
    const position = content.offset - header.length
    const [number, ...more] = parts.numbersOf(position, content.offset)
    if (more.length > 0 || firsts.has(number!)) continue
    firsts.set(number!, { start: parts.placeOf(position).start, header })
  }
  return firsts
}

async function isIn(
  { parts: { files } }: OpenedBundle,
  number: number,
  { start, header }: { readonly start: number; readonly header: Uint8Array },
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const end = start + header.length
  if ((files.sizes.get(number) ?? 0) < end) return false
  const body = await files.open(number, start, end, { signal })
  if (body === undefined) return false
  const found = await new ByteReader(body, partName(number)).take(header.length)
  return found.every((byte, at) => byte === header[at])
}

function contentsIn({ index, parts }: OpenedBundle, number: number): readonly Digest[] {
  const isIn = (content: BundleContent) =>
    parts.numbersOf(content.offset - headerOf(content).length, paddedEnd(content)).includes(number)
  return index.contents.filter(isIn).map(({ digest }) => digest)
}

function nameAll(digests: readonly Digest[]): string {
  if (digests.length === 0) return 'no contents'
  const named = digests.slice(0, NAMED).join(', ')
  return digests.length > NAMED ? `${named} and ${digests.length - NAMED} more contents` : named
}
