import { resolve } from 'node:path'
import { type ExportOptions, exportBundle, planExport } from '../../bundle/export-bundle.ts'
import { BUNDLE_INDEX_MAX_BYTES, type BundleIndex, formatLedger, parseLedger } from '../../bundle/form.ts'
import { imageName } from '../../bundle/image-name.ts'
import { type KnownContents, readKnownContents, unsignedLedger } from '../../bundle/known-contents.ts'
import type { Digest } from '../../oci/digest.ts'
import { readPlatform } from '../../oci/keep-platforms.ts'
import { readSmallFile, unreadable } from '../../storage/fs/files.ts'
import { writeWhole } from '../../storage/fs/workspace-file.ts'
import { describeExport, exportExitCode, exportReport } from '../bundle-export-report.ts'
import { readBundleKey } from '../bundle-key.ts'
import { openBundleOutput } from '../bundle-output.ts'
import { commandRuntime } from '../command-runtime.ts'
import { readSources } from '../copy-source.ts'
import { EXIT } from '../exit-code.ts'
import { interruptible } from '../interruption.ts'
import { printJson, progressOutput } from '../print.ts'
import { type BundleEvent, createBundleBoard } from '../progress/bundle-board.ts'
import { createProgress } from '../progress/progress.ts'
import { readSigningFile } from '../read-signing-file.ts'
import { createRegistries } from '../registries.ts'
import { requireNames, type SourceImage } from '../source-image.ts'
import type { BundleExportOptions } from './bundle-export-spec.ts'

/** Writes a bundle, and says what is in it; gives the exit code. */
export async function runBundleExport(
  words: readonly string[],
  options: BundleExportOptions,
): Promise<number> {
  const progress = createProgress<BundleEvent>({
    output: progressOutput(),
    clock: commandRuntime,
    colour: !process.env.NO_COLOR,
    board: createBundleBoard(),
  })
  const interruption = interruptible(progress.say, 'what is written stays: the same command goes on')
  const { signal } = interruption
  try {
    const registries = createRegistries({ plainHttp: options.plainHttp ?? [], signal })
    const images = await readSources(words, options.images, registries)
    requireNames(images, 'what is in a bundle has one')
    const known = await readKnown(options)
    const exporting: ExportOptions = {
      platforms: (options.platform ?? []).map(readPlatform),
      referrers: options.referrers,
      known: known?.digests ?? new Set(),
      lenders: known?.repositories ?? [],
      partSize: options.partSize ?? null,
      sign: options.sign === undefined ? undefined : await readSigningFile(options.sign, '--sign'),
      signal,
      onPlan: ({ length }, written) => progress.report({ kind: 'plan', length, written }),
      onBytes: (bytes) => progress.report({ kind: 'bytes', bytes }),
    }
    const run = options.dryRun ? planOnly(images, exporting) : writeAll(images, exporting, options)
    const exported = await run
    progress.end()
    const report = exportReport(options.dryRun ? 'planned' : 'written', options, exported, known?.by)
    if (options.json) printJson(report)
    else process.stdout.write(describeExport(report))
    return exportExitCode(report, options.allowUnknown)
  } catch (error) {
    if (!signal.aborted) throw error
    return EXIT.failed
  } finally {
    progress.end()
    interruption[Symbol.dispose]()
  }
}

async function planOnly(images: readonly SourceImage[], exporting: ExportOptions) {
  return { index: await planExport(images, exporting), resumedFrom: 0 }
}

async function writeAll(
  images: readonly SourceImage[],
  exporting: ExportOptions,
  { output, since, ledger, platform = [], referrers, sign }: BundleExportOptions,
): Promise<{ readonly index: BundleIndex; readonly resumedFrom: number }> {
  const sent = ledger === undefined ? undefined : await readLedger(ledger)
  const folder = await openBundleOutput(output, {
    images: images.map((image) => `${imageName(image)} ${image.digest ?? ''}`.trim()).sort(),
    ...{ partSize: exporting.partSize, platforms: platform, referrers, since: since ?? null },
    signed: sign !== undefined,
  })
  try {
    const exported = await exportBundle(commandRuntime, folder.stream, images, {
      ...exporting,
      async onPlan(index, from) {
        await folder.begin(index, from)
        await exporting.onPlan(index, from)
      },
    })
    // What a ledger names has to be there, whatever happens now.
    await folder.stream.finish()
    const contents = exported.index.contents.map(({ digest }) => digest)
    if (ledger !== undefined) await writeWhole(ledger, formatLedger([...(sent ?? []), ...contents]), true)
    await folder.finish()
    return exported
  } finally {
    await folder.stream.close()
  }
}

/** A ledger that this very export begins says nothing yet. */
async function readKnown({
  since,
  ledger,
  key: keyText,
}: BundleExportOptions): Promise<KnownContents | undefined> {
  if (since === undefined) return undefined
  const key = await readBundleKey(keyText)
  const bytes = await readSmallFile(since, BUNDLE_INDEX_MAX_BYTES)
  if (bytes !== undefined) return readKnownContents(bytes, since, key)
  if (ledger === undefined || resolve(since) !== resolve(ledger))
    throw unreadable(since, new Error('there is no such file'))
  if (key !== undefined) throw unsignedLedger(since)
  return { digests: new Set(), repositories: [], by: { kind: 'ledger' } }
}

async function readLedger(file: string): Promise<readonly Digest[]> {
  const bytes = await readSmallFile(file, BUNDLE_INDEX_MAX_BYTES)
  return bytes === undefined ? [] : parseLedger(bytes, file).contents
}
