import { PortolanError } from '../errors.ts'
import type { Config } from './config.ts'
import { formatFault } from './fault.ts'
import { type ParsedConfig, type ParseOptions, parseConfig } from './parse.ts'

/**
 * Makes a config from YAML or JSON text, or from the value that such text stands for, with every default filled in.
 * Throws `CONFIG_INVALID` with one line for each fault; they are also in `facts.faults`.
 *
 * Without options no variable of the environment is read, and relative paths start from `/`.
 */
export function loadConfig(source: string | object, options: Partial<ParseOptions> = {}): Config {
  const text = typeof source === 'string' ? source : JSON.stringify(source)
  return acceptConfig(parseConfig(text, { environment: {}, baseFolder: '/', fileName: 'config', ...options }))
}

/** The config, or a throw of `CONFIG_INVALID` with what is wrong with it. */
export function acceptConfig(parsed: ParsedConfig): Config {
  if ('config' in parsed) return parsed.config
  const { faults } = parsed
  throw new PortolanError('CONFIG_INVALID', faults.map(formatFault).join('\n'), { faults })
}
