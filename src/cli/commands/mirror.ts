import type { CacheStatus } from '../../cache/managed-cache.ts'
import { PortolanError } from '../../errors.ts'
import { type Digest, parseDigest } from '../../oci/digest.ts'
import { formatReadiness, type PinnedReport } from '../../relay/pins/pinned-report.ts'
import { EXIT } from '../exit-code.ts'
import { formatBytes, formatCount, formatTime } from '../format-quantity.ts'
import { openMirrorCache } from '../mirror-cache.ts'
import { printJson, say } from '../print.ts'
import { formatTable } from '../table.ts'
import type { MirrorEvictOptions, MirrorStatusOptions, MirrorVerifyOptions } from './mirror-spec.ts'

/** Says how a mirror stands; gives the exit code, 1 where its disk has trouble, and where pinned images are missing. */
export async function runMirrorStatus({ config, json }: MirrorStatusOptions): Promise<number> {
  const cache = await openMirrorCache(config)
  try {
    const status = await cache.status()
    const images = await cache.pinned()
    if (json) printJson({ running: cache.running, ...status, ...(images && { pinnedImages: images }) })
    else process.stdout.write(`${describe(status, cache.running)}${describePinned(images)}\n`)
    return status.trouble === undefined && images?.ready !== 'no' ? EXIT.done : EXIT.failed
  } finally {
    await cache[Symbol.asyncDispose]()
  }
}

/** Compares all contents with their digests; gives the exit code, 1 where one was not what it should be. */
export async function runMirrorVerify({ config, json }: MirrorVerifyOptions): Promise<number> {
  const cache = await openMirrorCache(config)
  try {
    const report = await cache.verify()
    const { checked, bytes, lost, names, began, ended = began } = report
    if (json) printJson({ running: cache.running, ...report })
    else {
      const took = formatTime(ended - began)
      const what = `${formatCount(checked, 'content')} (${formatBytes(bytes)})`
      process.stdout.write(
        `${what} compared in ${took}; ${lost === 0 ? 'all are right' : `${lost} ${lost === 1 ? 'was' : 'were'} not`}\n`,
      )
      for (const digest of names) process.stdout.write(`  ${digest} was dropped\n`)
    }
    return lost === 0 ? EXIT.done : EXIT.failed
  } finally {
    await cache[Symbol.asyncDispose]()
  }
}

/** Drops contents; gives the exit code. */
export async function runMirrorEvict(
  words: readonly string[],
  { config, unusedFor, bytes, json }: MirrorEvictOptions,
): Promise<number> {
  const digests = words.map(readDigest)
  const cache = await openMirrorCache(config)
  try {
    const gone = await cache.evict({
      ...(digests.length > 0 && { digests }),
      ...(unusedFor !== undefined && { unusedFor }),
      ...(bytes !== undefined && { bytes }),
    })
    if (json) printJson({ running: cache.running, ...gone })
    else {
      process.stdout.write(`${formatCount(gone.count, 'content')} (${formatBytes(gone.bytes)}) dropped\n`)
      const unknown = digests.length - gone.count - gone.kept
      if (unknown > 0) say(`${formatCount(unknown, 'content')} ${unknown === 1 ? 'is' : 'are'} not kept here`)
      if (gone.kept > 0)
        say(
          `${formatCount(gone.kept, 'content')} ${gone.kept === 1 ? 'stays' : 'stay'}: pinned, or being read`,
        )
    }
    return EXIT.done
  } finally {
    await cache[Symbol.asyncDispose]()
  }
}

function readDigest(text: string): Digest {
  const digest = parseDigest(text)
  if (digest !== undefined) return digest
  const message = `${JSON.stringify(text)} is no digest, such as sha256: and 64 hexadecimal digits`
  throw new PortolanError('DIGEST_INVALID', message, { digest: text })
}

/** Each image that is missing, with the reason; nothing where nobody can say. */
function describePinned(images: PinnedReport | undefined): string {
  if (images === undefined) return ''
  const rows = images.missing.map(({ image, reason }) => [image, reason])
  const table = rows.length === 0 ? '' : `\n\n${formatTable(['missing', 'why'], rows)}`
  return `\n\n${formatReadiness(images)}${table}`
}

function describe(status: CacheStatus, running: boolean): string {
  const { location, size, used, contents, partials, pinned, fills, records, verify, trouble } = status
  const lines = [
    `${location}: ${formatBytes(used)} of ${formatBytes(size)}${running ? '' : '; no mirror runs'}`,
    `  ${formatCount(contents.count, 'content')} (${formatBytes(contents.bytes)}), ` +
      `${formatBytes(partials.bytes)} on their way`,
    `  ${formatCount(records.answers, 'name')}, ${formatCount(records.links, 'link')} from repositories to contents`,
  ]
  if (pinned.count > 0)
    lines.push(`  ${formatCount(pinned.count, 'content')} pinned, ${pinned.missing} of them missing`)
  if (verify !== undefined) {
    const state = verify.ended === undefined ? 'being compared' : 'compared'
    lines.push(
      `  ${verify.checked} of ${verify.of} ${state} with their digests, ${verify.lost} were not right`,
    )
  }
  if (trouble !== undefined) {
    const since = new Date(trouble.since).toISOString()
    lines.push(`  nothing is kept since ${since} (${trouble.reason}): ${trouble.message}`)
  }
  const rows = fills.map(({ digest, name, position, size: whole }) => [
    name,
    digest,
    `${formatBytes(position)}${whole === undefined ? '' : ` of ${formatBytes(whole)}`}`,
  ])
  if (rows.length > 0) lines.push('', formatTable(['fetched now for', 'content', 'is there'], rows))
  return lines.join('\n')
}
