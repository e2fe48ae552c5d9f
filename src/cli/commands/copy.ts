import { readPlatform } from '../../oci/keep-platforms.ts'
import type { CopyJob } from '../../replication/images/copy-images.ts'
import type { CopyReport } from '../../replication/images/copy-report.ts'
import { mapsName, type NameMapping, parseMapping } from '../../replication/images/name-map.ts'
import { verifyImages } from '../../replication/images/verify-images.ts'
import { commandRuntime } from '../command-runtime.ts'
import { ConfigStores } from '../config-stores.ts'
import type { CopyDestination } from '../copy-destination.ts'
import { copyExitCode, describeCopy } from '../copy-report.ts'
import { readSources } from '../copy-source.ts'
import { EXIT } from '../exit-code.ts'
import { INTERRUPTED, interruptible } from '../interruption.ts'
import { printJson, progressOutput } from '../print.ts'
import type { ImageEvent } from '../progress/image-board.ts'
import { createImageBoard } from '../progress/image-board.ts'
import { createProgress, type Progress } from '../progress/progress.ts'
import { readDestination } from '../read-destination.ts'
import { createRegistries } from '../registries.ts'
import type { SourceImage } from '../source-image.ts'
import { usage } from '../sync-parts.ts'
import type { CopyOptions } from './copy-spec.ts'

/** Copies images, and says what was done; gives the exit code. */
export async function runCopy(words: readonly string[], options: CopyOptions): Promise<number> {
  const board = createImageBoard()
  const progress = createProgress<ImageEvent>({
    output: progressOutput(),
    clock: commandRuntime,
    colour: !process.env.NO_COLOR,
    board,
  })
  const interruption = interruptible(progress.say, 'what is there stays: the same command goes on')
  const { signal } = interruption
  const stores = new ConfigStores(options.config)
  let destination: CopyDestination | undefined
  try {
    const registries = createRegistries({ plainHttp: options.plainHttp ?? [], signal })
    const images = await readSources(words.slice(0, -1), options.images, registries, stores)
    board.expect(images.length)
    const mappings = (options.map ?? []).map(parseMapping)
    destination = await readDestination(words.at(-1)!, {
      ...{ images, mappings, registries, stores },
      say: progress.say,
    })
    const { nameOf } = destination
    const jobs = images.map((image): CopyJob => ({ ...image, to: nameOf(image) }))
    sayUnused(options.map ?? [], mappings, images, progress)
    return await copyAll(jobs, destination, options, progress, signal)
  } catch (error) {
    if (!signal.aborted) throw error
    if (options.json) printJson({ error: INTERRUPTED })
    return EXIT.failed
  } finally {
    progress.end()
    await Promise.all([destination?.close(), stores.close()]).finally(interruption[Symbol.dispose])
  }
}

/** A name that was mistyped in `--map` would only be seen at the target. */
function sayUnused(
  written: readonly string[],
  mappings: readonly NameMapping[],
  images: readonly SourceImage[],
  { say }: Progress<ImageEvent>,
): void {
  for (const [index, mapping] of mappings.entries()) {
    if (images.some(({ host, name }) => mapsName(mapping, host, name))) continue
    say(`--map ${written[index]} is about none of these images`)
  }
}

async function copyAll(
  jobs: readonly CopyJob[],
  { copy, reader, isOutput }: CopyDestination,
  { platform = [], referrers, dryRun, verify, json }: CopyOptions,
  progress: Progress<ImageEvent>,
  signal: AbortSignal,
): Promise<number> {
  if (verify && reader === undefined)
    throw usage('--verify reads registries again: what goes to files is checked as it is written')
  if (json && isOutput) throw usage('--json prints to standard output, which is where the archive goes')
  const platforms = platform.map(readPlatform)
  const report = await copy(jobs, {
    ...{ platforms, referrers, dryRun, signal },
    onBytes: (bytes) => progress.report({ kind: 'bytes', bytes }),
    onImage: (image) => progress.report({ kind: 'image', ...image }),
  })
  const verification =
    verify && reader !== undefined
      ? await verifyImages(commandRuntime, reader, digestsOf(report, jobs), { platforms, referrers, signal })
      : undefined
  progress.end()
  if (json) printJson({ ...report, ...(verification && { verification }) })
  else (isOutput ? process.stderr : process.stdout).write(describeCopy(report, verification))
  return copyExitCode(report, verification)
}

/** What is to be read again: of images that failed, it is known that something is missing. */
function digestsOf({ images }: CopyReport, jobs: readonly CopyJob[]) {
  return images.flatMap(({ digest, status }, index) =>
    digest === undefined || status === 'failed' ? [] : [{ name: jobs[index]!.to.name, digest }],
  )
}
