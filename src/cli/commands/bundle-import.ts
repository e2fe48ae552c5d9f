import { openBundleFolder } from '../../adapters/node/open-bundle-folder.ts'
import type { SignBytes } from '../../backends/ownership/ownership-key.ts'
import type { BundleHead } from '../../bundle/bundle-head.ts'
import { checkSignature, signReceipt } from '../../bundle/bundle-signature.ts'
import { formatReceipt, type Receipt } from '../../bundle/form.ts'
import { type ImportOptions, type ImportReport, importBundle } from '../../bundle/import-bundle.ts'
import { importStream } from '../../bundle/import-stream.ts'
import type { ImportTarget } from '../../bundle/import-work.ts'
import { verifyBundle } from '../../bundle/verify-bundle.ts'
import type { Digest } from '../../oci/digest.ts'
import { parseMapping } from '../../replication/images/name-map.ts'
import { registryTarget } from '../../replication/images/registry-target.ts'
import { openPassingSpool } from '../../storage/fs/passing-spool.ts'
import { writeWhole } from '../../storage/fs/workspace-file.ts'
import { describeBundle, describeImport, importExitCode } from '../bundle-import-report.ts'
import { readBundleKey } from '../bundle-key.ts'
import { commandRuntime } from '../command-runtime.ts'
import { readPlace } from '../copy-destination.ts'
import { EXIT } from '../exit-code.ts'
import { INTERRUPTED, interruptible } from '../interruption.ts'
import { printJson, progressOutput } from '../print.ts'
import { createImageBoard, type ImageEvent } from '../progress/image-board.ts'
import { createProgress } from '../progress/progress.ts'
import { readSigningFile } from '../read-signing-file.ts'
import { createRegistries } from '../registries.ts'
import { openSessionFile } from '../upload-sessions.ts'
import type { BundleImportOptions } from './bundle-import-spec.ts'

/** Brings a bundle to a registry, and says what was done; gives the exit code. */
export async function runBundleImport(folder: string, options: BundleImportOptions): Promise<number> {
  const { host, prefix } = readPlace(options.to, false)
  const mappings = (options.map ?? []).map(parseMapping)
  const board = createImageBoard()
  const progress = createProgress<ImageEvent>({
    output: progressOutput(),
    clock: commandRuntime,
    colour: !process.env.NO_COLOR,
    board,
  })
  const interruption = interruptible(progress.say, 'what is there stays: the same command goes on')
  const { signal } = interruption
  try {
    const sign = options.sign === undefined ? undefined : await readSigningFile(options.sign, '--sign')
    const registries = createRegistries({ plainHttp: options.plainHttp ?? [], signal })
    const reader = registries.of(host)
    const target = registryTarget(commandRuntime, reader, registries.writer(host))
    const { receipt, to } = options
    const sessions = receipt === undefined ? undefined : await openSessionFile(`${receipt}.uploads`, to)
    const importing: ImportOptions = {
      ...{ prefix, mappings, signal, ...(sessions && { sessions }) },
      onBytes: (bytes) => progress.report({ kind: 'bytes', bytes }),
      onImage: (image) => progress.report({ kind: 'image', ...image }),
    }
    const work = { at: { target, reader }, expect: board.expect, importing, options }
    const imported = folder === '-' ? await fromInput(work) : await fromFolder(folder, work)
    progress.end()
    if (imported === undefined) return EXIT.failed
    const { report } = imported
    if (receipt !== undefined) await writeReceipt(receipt, receiptOf(to, imported), sign)
    await sessions?.close()
    const { contents: _, ...printed } = report
    if (options.json) printJson(printed)
    else process.stdout.write(describeImport(report))
    return importExitCode(report)
  } catch (error) {
    if (!signal.aborted) throw error
    if (options.json) printJson({ error: INTERRUPTED })
    return EXIT.failed
  } finally {
    progress.end()
    interruption[Symbol.dispose]()
  }
}

interface Work {
  readonly at: ImportTarget
  readonly expect: (images: number) => void
  readonly importing: ImportOptions
  readonly options: BundleImportOptions
}

interface Imported {
  readonly report: ImportReport
  readonly head: Pick<BundleHead, 'index' | 'bytes'>
}

/** Nothing is sent of a bundle with which anything is wrong; `undefined` then, when that was said. */
async function fromFolder(
  folder: string,
  { at, expect, importing, options: { key: keyText, json } }: Work,
): Promise<Imported | undefined> {
  const key = await readBundleKey(keyText)
  const head = await openBundleFolder(folder)
  if (key !== undefined) await checkSignature(head, key, folder)
  const { signal } = importing
  const verification = await verifyBundle(commandRuntime, head, signal && { signal })
  if (verification.faults.length > 0) {
    if (json) printJson(verification)
    else process.stdout.write(`${describeBundle(head.index, verification)}Nothing was sent.\n`)
    return undefined
  }
  expect(head.index.images.length)
  return { head, report: await importBundle(commandRuntime, head, at, importing) }
}

async function fromInput({ at, importing, options }: Work): Promise<Imported> {
  const key = await readBundleKey(options.key)
  const spool = await openPassingSpool()
  try {
    return await importStream(commandRuntime, process.stdin, at, { ...importing, key, spool })
  } finally {
    await spool.close()
  }
}

function receiptOf(
  target: string,
  { report: { images, contents }, head: { index, bytes } }: Imported,
): Receipt {
  const hash = commandRuntime.createHash('sha256')
  hash.update(bytes)
  return {
    version: 1,
    target,
    bundle: `sha256:${hash.hex()}` as Digest,
    images: index.images.filter((_, at) => images[at]!.status !== 'failed'),
    contents,
  }
}

async function writeReceipt(file: string, receipt: Receipt, sign: SignBytes | undefined): Promise<void> {
  await writeWhole(file, formatReceipt(sign === undefined ? receipt : await signReceipt(receipt, sign)), true)
}
