import { readFile, rm } from 'node:fs/promises'
import type { UploadSessions } from '../bundle/import-work.ts'
import { writeWhole } from '../storage/fs/workspace-file.ts'

/** Sessions of one import, in a file that lasts as long as it is not done. */
export interface SessionFile extends UploadSessions {
  /** Deletes the file, unless there is something to go on with. */
  close(): Promise<void>
}

/**
 * Opens the file in which an import notes its uploads, so that the next process goes on with them. One that was left by an
 * import to elsewhere, or that cannot be read, counts as none: all that is lost by that are some bytes.
 */
export async function openSessionFile(file: string, target: string): Promise<SessionFile> {
  const sessions = await readSessions(file, target)
  let writing: Promise<void> = Promise.resolve()
  const write = () => {
    writing = writing
      .catch(() => {})
      .then(() => writeWhole(file, JSON.stringify({ target, uploads: Object.fromEntries(sessions) }), false))
    return writing
  }
  return {
    get: (upload) => sessions.get(upload),
    save(upload, session) {
      sessions.set(upload, session)
      return write()
    },
    async forget(upload) {
      if (sessions.delete(upload)) await write()
    },
    async close() {
      await writing.catch(() => {})
      if (sessions.size === 0) await rm(file, { force: true })
    },
  }
}

async function readSessions(file: string, target: string): Promise<Map<string, string>> {
  try {
    const read: unknown = JSON.parse(await readFile(file, 'utf8'))
    const { target: before, uploads }: { target?: unknown; uploads?: unknown } = Object(read)
    if (before !== target) return new Map()
    return new Map(
      Object.entries(Object(uploads)).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    )
  } catch {
    return new Map()
  }
}
