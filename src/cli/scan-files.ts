import type { ClusterScan } from '../migrate/cluster/scan-objects.ts'
import type { UnreadPart } from '../migrate/examine.ts'
import type { Finding } from '../migrate/finding.ts'
import type { RegistryMap } from '../migrate/map.ts'
import type { Mentions } from '../migrate/mention.ts'
import type { NotRead } from '../migrate/sarif.ts'
import { type ExamineFilesOptions, FileExaminer, type Looked } from './examine-files.ts'
import type { ExplainedPullFailure } from './explain-pull-failure.ts'

/** What a scan has found. */
export interface Scanned {
  readonly findings: readonly Finding[]
  readonly notRead: readonly NotRead[]
  /** Parts of files that could not be read as what they are; their lines were looked through. */
  readonly partlyRead: readonly UnreadPart[]
  /** Names of the map that were not understood, by file. */
  readonly mentions: readonly Mentions[]
  /** How many files were looked through, those that are binary not counted. */
  readonly files: number
  /** Where it was no files but a live cluster that was looked through. */
  readonly cluster?: Pick<ClusterScan, 'context' | 'server' | 'objects' | 'customKinds' | 'images'> & {
    readonly pullFailures: readonly ExplainedPullFailure[]
  }
}

export interface ScanFilesOptions extends Omit<ExamineFilesOptions, 'map'> {
  /** Content in memory, looked through before the files. */
  readonly content?: { readonly path: string; readonly bytes: Buffer }
  /** Told of each file. */
  readonly onFile?: () => void
}

/** Looks through files, and keeps what a map has something to say about. */
export function scanFiles(
  paths: readonly string[],
  map: RegistryMap,
  { content, onFile = () => {}, ...options }: ScanFilesOptions,
): Scanned {
  const notRead: NotRead[] = []
  const findings: Finding[] = []
  const partlyRead: UnreadPart[] = []
  const mentions: Mentions[] = []
  let files = 0
  const examiner = new FileExaminer({ map, ...options }, (entry) => notRead.push(entry))
  const take = (looked: Looked | undefined) => {
    files++
    onFile()
    if (looked?.kind !== 'named') return
    const { examined } = looked.file
    // Cloned, since a piece of a text keeps all of it in memory.
    for (const finding of examined.findings) findings.push(structuredClone(finding))
    partlyRead.push(...structuredClone(examined.unread))
    if (examined.mentions !== undefined) mentions.push(structuredClone(examined.mentions))
  }
  if (content !== undefined) take(examiner.examineBytes(content.path, content.bytes))
  for (const looked of examiner.examine(paths)) take(looked)
  return { findings, notRead, partlyRead, mentions, files }
}
