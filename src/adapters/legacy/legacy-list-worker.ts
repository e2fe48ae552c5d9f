import { parentPort, workerData } from 'node:worker_threads'
import { PortolanError } from '../../errors.ts'
import { inPieces } from '../../legacy/list-pieces.ts'
import { LIST_MAX_BYTES, readLegacyList } from '../../legacy/read-list.ts'
import { readRegular } from '../node/regular-file.ts'
import type { ListReply, ListRequest } from './read-list-in-worker.ts'

// The thread that reads one list: takes the name of its file, posts a reply, and is done.

const { file } = workerData as ListRequest
const reply = await read()
const pieces = 'list' in reply ? (reply.list?.pieces ?? []) : []
parentPort!.postMessage(
  reply,
  pieces.map(({ buffer }) => buffer),
)

async function read(): Promise<ListReply> {
  try {
    return { list: inPieces(readLegacyList(await readRegular(file, LIST_MAX_BYTES))) }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { list: undefined }
    return { problem: message, isContent: error instanceof PortolanError }
  }
}
