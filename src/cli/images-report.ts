import { stringify } from 'yaml'
import { formatReference, parseReference } from '../oci/reference.ts'
import { EXIT } from './exit-code.ts'
import type { ImageListing, ListedImage } from './image-listing.ts'
import { printable } from './print.ts'
import type { ResolvedListing } from './resolve-listing.ts'
import { count, formatUnread } from './scan-report.ts'

/** A list as it is printed. */
export type PrintedListing = ImageListing & Partial<Pick<ResolvedListing, 'unresolved'>>

/** The references, one a line, each followed by what hangs on it. */
export function formatLines({ images }: ImageListing): string {
  return images
    .flatMap((image) => [image.reference, ...referrersOf(image)])
    .map((line) => `${line}\n`)
    .join('')
}

/** The `sync` section of a config for each registry; what has no tag is left to a comment, since sync goes by tags. */
export function formatSync({ images }: ImageListing): string {
  const references = images.map(({ reference }) => parseReference(reference))
  const documents = [...Map.groupBy(references, ({ host }) => host!)].map(([host, group]) => {
    const tagged = Map.groupBy(
      group.filter(({ tag }) => tag !== undefined),
      ({ name }) => name,
    )
    const untagged = group.filter(({ tag }) => tag === undefined)
    const perRepository = [...tagged].map(([name, some]) => ({
      repositories: [name],
      tags: { include: [...new Set(some.map(({ tag }) => tag!))] },
    }))
    const document = { sync: { repositories: { list: [...tagged.keys()] }, perRepository } }
    const comments = untagged.map(
      (reference) => `# not copied, since it has no tag: ${formatReference(reference)}\n`,
    )
    const text = tagged.size === 0 ? '' : stringify(document)
    return `# from an upstream that is ${host}\n${comments.join('')}${text}`
  })
  return documents.join('---\n')
}

/** What the list lacks or is not sure of, one line each. */
export function formatRemarks({ gaps, moved, files, cluster, unresolved = [] }: PrintedListing): string[] {
  return [
    ...gaps.map(({ version, missing, why }) =>
      missing.length > 0
        ? `not known: ${missing.join(', ')} of Kubernetes ${version}: ${why}`
        : `derived: Kubernetes ${version}: ${why}`,
    ),
    ...moved.map(
      ({ version, registry }) =>
        `by itself kubeadm ${version} pulls from ${registry}, which is frozen: portolan node-config --for kubeadm says how to change that`,
    ),
    ...unresolved.map(({ reference, why, message }) => `${why}: ${reference}: ${message}`),
    ...(cluster?.notRead ?? []).map(({ reason }) => `not read: ${reason}`),
    ...(cluster?.unclear ?? []).map((written) => `not an image: ${written}`),
    ...(files?.notRead ?? []).map(({ path, reason }) => `not read: ${path}: ${reason}`),
    ...(files?.partlyRead ?? []).map(formatUnread),
    ...(files?.unclear ?? []).map(
      ({ path, line, written, why }) =>
        `not listed: ${path}:${line}: ${written === '' ? '' : `${written}: `}${why}`,
    ),
  ].map(printable)
}

/** What an upgrade does not bring, one line each. */
export function formatUpgrade({ upgrade }: PrintedListing): string[] {
  if (upgrade === undefined) return []
  const { dropped, kept } = upgrade
  return [
    ...dropped.map((reference) => `dropped: ${reference}`),
    ...kept.map((reference) => `stays: ${reference}`),
  ]
}

/** How much there is, in one line. */
export function formatTotal({ images, upgrade, cluster }: PrintedListing): string {
  if (upgrade !== undefined) {
    const { dropped, kept } = upgrade
    return `${count(images.length, 'new image')}, ${dropped.length} dropped, ${kept.length} as before`
  }
  const of = cluster === undefined ? '' : `; ${count(cluster.objects, 'object')} of ${cluster.server}`
  return `${count(images.length, 'image')}${of}`
}

/** 1 when the list is known to lack something, 3 when it lacks all since nobody could be asked. */
export function imagesExitCode({ images, gaps, files, cluster, unresolved = [] }: PrintedListing): number {
  const isUnseen = cluster?.objects === 0 && cluster.notRead.length > 0
  const isUnreached = unresolved.length > 0 && unresolved.every(({ why }) => why === 'unknown')
  if (images.length === 0 && (isUnseen || isUnreached)) return EXIT.unreachable
  const isWhole =
    gaps.every(({ missing }) => missing.length === 0) &&
    unresolved.length === 0 &&
    [cluster?.notRead, cluster?.unclear, files?.notRead, files?.unclear].every((one) => !one?.length) &&
    (files?.partlyRead ?? []).every(({ template }) => template)
  return isWhole ? EXIT.done : EXIT.failed
}

function referrersOf({ reference, referrers = [] }: ListedImage): string[] {
  const { host, name } = parseReference(reference)
  return referrers.map(({ digest, tag }) =>
    formatReference({ host: host!, name, ...(tag && { tag }), digest }),
  )
}
