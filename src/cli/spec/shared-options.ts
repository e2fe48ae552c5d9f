import { parseDuration } from '../../config/duration.ts'
import { refused } from '../../config/refusal.ts'
import { parsePlatform } from '../../oci/platform.ts'
import { insteadOf } from './command-spec.ts'
import {
  asText,
  list,
  offSwitch,
  type ReadText,
  requiredValue,
  switchOption,
  textOr,
  value,
  valueOr,
} from './option-spec.ts'

/** A config may stand alone, without its flag. */
export const configArgument = insteadOf('config', 'config', 'the same as --config')

/** Of commands that work by a config. */
export const configOptions = { config: requiredValue('<file>', 'the config', asText, { short: '-c' }) }

/** Which names move where. */
export const mapOptions = {
  map: value('<file>', 'names and where they moved to, instead of the built-in map', asText),
}

/** Which names move where, and in which direction. */
export const mapBothWays = {
  ...mapOptions,
  revert: switchOption('the other way: from the new names to the old ones'),
}

/** Which files are looked into, and how far. */
export const searchOptions = {
  includeText: switchOption('comments, prose, URLs and files of unknown formats too'),
  exclude: list('<glob...>', 'pass over these paths or names'),
  ignore: offSwitch('look into what .gitignore leaves out, too'),
}

/** Which stores of a config are meant. */
export const storeOptions = {
  store: list('<id...>', 'only these stores and upstreams (default: all with fill)'),
}

/** How long a lease of the journal holds. */
const leaseTime: ReadText<number> = (text) => {
  const expiry = parseDuration(text)
  return expiry !== undefined && expiry >= 1000 && expiry <= 600_000
    ? expiry
    : refused('must be a duration from 1s to 10m')
}

/** For how long the journal is a run's own. */
export const leaseOptions = {
  lease: valueOr(
    '<duration>',
    'after so long without a sign of life of this run, another may take its journal over',
    leaseTime,
    ['30s', 30_000],
  ),
}

/** The range snapshot that is read. */
export const rangesFileOptions = { file: textOr('<file>', 'the snapshot', 'ranges.bin') }

/** `--json`, with what it prints. */
export function jsonOptions(description = 'print it as JSON') {
  return { json: switchOption(description) }
}

/** Takes `OS/ARCHITECTURE[/VARIANT]`. */
export const platformText: ReadText<string> = (text) =>
  parsePlatform(text) === undefined ? refused(PLATFORM_EXPECTED) : text

/** What a text that is no platform must be. */
export const PLATFORM_EXPECTED = 'must be OS/ARCHITECTURE[/VARIANT], such as linux/arm64 or linux/arm/v7'
