import { ARCHEIO, CLOUD_RUN, FASTLY, PORTOLAN } from './json-formats.ts'
import { type FormatId, isAside, isRequest, type LogFormat } from './logged-request.ts'
import { CLOUDFRONT_LOG, COMBINED_LOG, S3_LOG } from './text-formats.ts'

/** Every form of logs that is read, those first that say most of a line that two of them could read. */
export const LOG_FORMATS: readonly LogFormat[] = [
  PORTOLAN,
  CLOUD_RUN,
  ARCHEIO,
  FASTLY,
  CLOUDFRONT_LOG,
  S3_LOG,
  COMBINED_LOG,
]

/** A line that is a request says more of a log's form than any number of those that only belong into one. */
const REQUEST = 1000

export function formatOf(id: FormatId): LogFormat {
  return LOG_FORMATS.find((format) => format.id === id)!
}

/** The form in which most of these first lines are requests; `undefined` where none of them can be read in any. */
export function detectFormat(lines: readonly string[]): LogFormat | undefined {
  let best: LogFormat | undefined
  let most = 0
  for (const format of LOG_FORMATS) {
    const read = format.open()
    let score = 0
    for (const line of lines) {
      const found = read(line)
      if (isRequest(found)) score += REQUEST
      else if (isAside(found)) score++
    }
    if (score <= most) continue
    best = format
    most = score
  }
  return best
}
