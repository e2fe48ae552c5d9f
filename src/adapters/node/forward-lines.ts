import type { LineOutput } from './line-output.ts'

/** A line that is longer is cut, in characters: nothing that is logged is. */
const LINE_MAX = 256 * 1024
/** How long a reader that is behind is waited for before it is looked at again, in milliseconds. */
const WAIT = 1000

/**
 * Writes the lines of another process to an output, each whole, so that those of several do not run into each other.
 * While the output's reader is behind nothing is read, so that the other process notices. Never rejects.
 */
export async function forwardLines(
  source: AsyncIterable<Uint8Array>,
  output: Pick<LineOutput, 'write' | 'isBehind' | 'flush'>,
): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of source) {
      const text = rest + decoder.decode(chunk, { stream: true })
      const end = text.length > LINE_MAX ? text.length : text.lastIndexOf('\n') + 1
      rest = text.slice(end)
      while (output.isBehind) await output.flush(WAIT)
      if (end > 0) output.write(wholeLines(text.slice(0, end)))
    }
  } catch {
    // The process is gone; what it has written so far is there.
  }
  if (rest !== '') output.write(wholeLines(rest))
}

function wholeLines(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}
