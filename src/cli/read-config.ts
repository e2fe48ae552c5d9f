import { createReadStream } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseInWorker } from '../adapters/config/parse-in-worker.ts'
import { readBounded, readRegular } from '../adapters/node/regular-file.ts'
import { trustFiles } from '../adapters/node/trust.ts'
import type { Config } from '../config/config.ts'
import { TEXT_MAX } from '../config/document.ts'
import { acceptConfig } from '../config/load.ts'
import { type ParsedConfig, type ParseOptions, parseConfig } from '../config/parse.ts'
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
  const text = await orUnreadable(
    file,
    readBounded(file === '-' ? process.stdin : createReadStream(file), BYTES_MAX),
  )
  return parseConfig(text, optionsFor(file))
}

/**
 * The same while a service runs: in a thread of its own, and of a regular file alone, since nobody may be there to write
 * into a named pipe.
 */
export async function parseConfigAgain(file: string): Promise<ParsedConfig> {
  return parseInWorker({
    text: await orUnreadable(file, readRegular(file, BYTES_MAX)),
    options: optionsFor(file),
  })
}

function optionsFor(file: string): ParseOptions {
  return {
    environment: { ...process.env },
    baseFolder: file === '-' ? process.cwd() : dirname(resolve(file)),
    fileName: nameOf(file),
  }
}

async function orUnreadable<T>(file: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new PortolanError(
      'FILE_UNREADABLE',
      `cannot read ${nameOf(file)}: ${reason}`,
      { file, reason },
      cause,
    )
  }
}

/** How messages name a config file. */
export function nameOf(file: string): string {
  return file === '-' ? 'standard input' : file
}
