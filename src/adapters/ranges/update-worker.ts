import { parentPort, workerData } from 'node:worker_threads'
import { providers } from '../../clouds/providers.ts'
import { decodeRanges, encodeRanges } from '../../clouds/snapshot.ts'
import { type SnapshotRequest, updateRanges } from '../../clouds/update.ts'
import { readGeo } from './geo-file.ts'
import type { UpdateReply } from './update-in-worker.ts'

// The thread of one update: takes a request, posts a reply, and is done.

const request = workerData as SnapshotRequest
parentPort!.postMessage(await update(request))

async function update({
  providers: ids,
  lists,
  previous,
  geo,
  geoAlone,
  created,
}: SnapshotRequest): Promise<UpdateReply> {
  try {
    const { ranges, refused } = updateRanges({
      providers: providers.filter(({ id }) => ids.includes(id)),
      lists,
      previous: previous && decodeRanges(previous),
      geo: geo ? await readGeo() : undefined,
      created,
      geoAlone,
    })
    return { ...(ranges && { snapshot: encodeRanges(ranges) }), refused }
  } catch (error) {
    // Of an error that is thrown, the other side would learn no more than this either.
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}
