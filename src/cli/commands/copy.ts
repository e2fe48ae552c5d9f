import { readPlatform } from '../../oci/keep-platforms.ts'
import type { Name, Tag } from '../../oci/name.ts'
import { parseName, parseTag } from '../../oci/name.ts'
import { parseReference, type Reference } from '../../oci/reference.ts'
import { type CopyJob, copyImages } from '../../replication/images/copy-images.ts'
import type { CopyReport } from '../../replication/images/copy-report.ts'
import { mapName, type NameMapping, parseMapping } from '../../replication/images/name-map.ts'
import { registryTarget } from '../../replication/images/registry-target.ts'
import { verifyImages } from '../../replication/images/verify-images.ts'
import { commandRuntime } from '../command-runtime.ts'
import { copyExitCode, describeCopy } from '../copy-report.ts'
import { interruptible } from '../interruption.ts'
import { printJson, progressOutput } from '../print.ts'
import { createImageBoard } from '../progress/image-board.ts'
import { createProgress } from '../progress/progress.ts'
import { createRegistries, type NamedRegistries } from '../registries.ts'
import { usage } from '../sync-parts.ts'
import type { CopyOptions } from './copy-spec.ts'

const DOCKER_HUB = 'docker.io'
const LATEST = parseTag('latest')!

/** Copies images to a registry, and says what was done; gives the exit code. */
export async function runCopy(words: readonly string[], options: CopyOptions): Promise<number> {
  const { platform = [], referrers, dryRun, verify, json, plainHttp = [] } = options
  const target = readTarget(words.at(-1)!, words.length === 2 && options.images === undefined)
  const images = words.slice(0, -1).map(readImage)
  const mappings = (options.map ?? []).map(parseMapping)
  const platforms = platform.map(readPlatform)
  const progress = createProgress({
    output: progressOutput(),
    clock: commandRuntime,
    colour: !process.env.NO_COLOR,
    board: createImageBoard(images.length),
  })
  const interruption = interruptible(progress.say, 'what is there stays: the same command goes on')
  const { signal } = interruption
  try {
    const registries = createRegistries({ plainHttp, signal })
    const to = registries.of(target.host)
    const jobs = images.map((image) => jobOf(image, target, mappings, registries))
    const copied = await copyImages(
      commandRuntime,
      registryTarget(commandRuntime, to, registries.writer(target.host)),
      jobs,
      {
        ...{ platforms, referrers, dryRun, signal },
        onBytes: (bytes) => progress.report({ kind: 'bytes', bytes }),
        onImage: (image) => progress.report({ kind: 'image', ...image }),
      },
    )
    const verification = verify
      ? await verifyImages(commandRuntime, to, digestsOf(copied, jobs), { platforms, referrers, signal })
      : undefined
    progress.end()
    if (json) printJson({ ...copied, ...(verification && { verification }) })
    else process.stdout.write(describeCopy(copied, verification))
    return copyExitCode(copied, verification)
  } finally {
    progress.end()
    interruption[Symbol.dispose]()
  }
}

/** Where images go: below a prefix, or one of them to a name of its own. */
interface CopyDestination {
  readonly host: string
  readonly prefix: string
  readonly exact?: { readonly name: Name; readonly tag: Tag }
}

function readTarget(text: string, isOne: boolean): CopyDestination {
  if (!text.includes('/')) return { host: text.toLowerCase(), prefix: '' }
  const { host, name, tag, digest } = parseReference(text)
  if (host === undefined) throw usage(`the target ${JSON.stringify(text)} names no registry: HOST[/PREFIX]`)
  if (digest !== undefined)
    throw usage(`the target ${JSON.stringify(text)} has a digest: content has its own`)
  if (tag === undefined) return { host, prefix: name }
  if (!isOne) throw usage(`the target ${JSON.stringify(text)} has a tag, which several images cannot share`)
  return { host, prefix: '', exact: { name, tag } }
}

/** An image as every tool reads it: what names no host is at Docker Hub, and what has neither tag nor digest is latest. */
function readImage(text: string): Reference & { readonly host: string } {
  const { host = DOCKER_HUB, name, tag, digest } = parseReference(text)
  const whole = host === DOCKER_HUB && !name.includes('/') ? parseName(`library/${name}`)! : name
  const wanted = tag ?? (digest === undefined ? LATEST : undefined)
  return { host, name: whole, ...(wanted && { tag: wanted }), ...(digest && { digest }) }
}

function jobOf(
  { host, name, tag, digest }: Reference & { readonly host: string },
  { prefix, exact }: CopyDestination,
  mappings: readonly NameMapping[],
  registries: NamedRegistries,
): CopyJob {
  const to = exact ?? { name: mapName(host, name, prefix, mappings), tag }
  return { source: registries.of(host), name, tag, digest, to }
}

/** What is to be read again: of images that failed, it is known that something is missing. */
function digestsOf({ images }: CopyReport, jobs: readonly CopyJob[]) {
  return images.flatMap(({ digest, status }, index) =>
    digest === undefined || status === 'failed' ? [] : [{ name: jobs[index]!.to.name, digest }],
  )
}
