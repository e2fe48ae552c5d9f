import { createReadStream } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { trustFiles } from '../adapters/node/trust.ts'
import type { Config } from '../config/config.ts'
import { TEXT_MAX } from '../config/document.ts'
import { acceptConfig } from '../config/load.ts'
import { type ParsedConfig, parseConfig } from '../config/parse.ts'
import { PortolanError } from '../errors.ts'

/** In bytes: the longest config there may be, were every character of it four bytes long. */
const BYTES_MAX = 4 * TEXT_MAX

/**
 * Reads a config from a file, or from standard input for `-`, with this process's environment, and trusts the
 * certificates that it names. Throws `FILE_UNREADABLE`, or `CONFIG_INVALID` with one line for each fault.
 */
export async function readConfig(file: string): Promise<Config> {
  const config = acceptConfig(await parseConfigFile(file))
  await trustFiles(config.ca ?? [])
  return config
}

/** Like {@link readConfig}, but gives the faults of the config as data. */
export async function parseConfigFile(file: string): Promise<ParsedConfig> {
  return parseConfig(await readText(file), {
    environment: process.env,
    baseFolder: file === '-' ? process.cwd() : dirname(resolve(file)),
    fileName: nameOf(file),
  })
}

async function readText(file: string): Promise<string> {
  try {
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of file === '-' ? process.stdin : createReadStream(file)) {
      chunks.push(chunk)
      length += chunk.length
      if (length > BYTES_MAX) throw new Error(`it is longer than ${BYTES_MAX} bytes`)
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new PortolanError('FILE_UNREADABLE', `cannot read ${nameOf(file)}: ${reason}`, { file }, cause)
  }
}

function nameOf(file: string): string {
  return file === '-' ? 'standard input' : file
}
